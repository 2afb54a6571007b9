import { type Agent, request as httpRequest } from 'node:http'
import { png } from '../../support/sample-files.ts'
import { type Attack, encode } from './attacks.ts'
import { type Known, resolve } from './values.ts'

const boundary = 'the-boundary-of-the-test'

function encodeBody({ kind, fields, text, contentType }: Attack['body'], known: Known): { type?: string; content?: string | Buffer } {
  const texts = fields.map(([name, value]): [string, string] => [
    name,
    typeof value === 'string' ? value : JSON.stringify(resolve(value, known)),
  ])
  switch (kind) {
    case 'none':
      return {}
    case 'json':
      return { type: 'application/json', content: JSON.stringify(Object.fromEntries(fields)) }
    case 'form':
      return { type: 'application/x-www-form-urlencoded', content: texts.map((pair) => pair.map(encode).join('=')).join('&') }
    case 'multipart': {
      const parts = texts.map(([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`)
      const file = Buffer.concat([
        Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="attachment"; filename="a.png"\r\n\r\n`),
        png,
        Buffer.from(`\r\n--${boundary}--\r\n`),
      ])
      return { type: `multipart/form-data; boundary=${boundary}`, content: Buffer.concat([Buffer.from(parts.join('')), file]) }
    }
    case 'raw':
      return { type: contentType, content: text }
  }
}

export type Answer = { path: string; status: number; text: string; headers: NodeJS.Dict<string | string[]> }

/** Who is attacked, and by whom; `known` gives the ids that stand-ins mean. */
type Target = { url: string; access: string | undefined; known: Known; agent: Agent }

/** Writes the attack as a request of its own making: no client library has a say in it. */
export function sendAttack(attack: Attack, { url, access, known, agent }: Target): Promise<Answer> {
  const { endpoint, signedIn } = attack
  const ids = [...attack.ids]
  const path = endpoint.path.replace(/\{\w+\}/g, () => String(resolve(ids.shift() ?? '0', known)))
  const query = attack.query.map(([name, value]) => `${encode(name)}=${encode(String(resolve(value, known)))}`).join('&')
  const fields = attack.body.fields.map(([name, value]): [string, unknown] => [name, resolve(value, known)])
  const { type, content } = encodeBody({ ...attack.body, fields }, known)
  const length = content === undefined ? {} : { 'content-length': Buffer.byteLength(content) }
  const headers = { ...attack.headers, ...(type === undefined ? {} : { 'content-type': type }), ...length }
  const authorization = signedIn ? { authorization: `Bearer ${access}` } : {}
  const options = { agent, method: endpoint.method, headers: { ...headers, ...authorization } }
  return new Promise((settle, reject) => {
    const asked = httpRequest(`${url}${path}${query ? `?${query}` : ''}`, options, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () =>
        settle({ path, status: response.statusCode ?? 0, text: String(Buffer.concat(chunks)), headers: response.headers }),
      )
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(content)
  })
}
