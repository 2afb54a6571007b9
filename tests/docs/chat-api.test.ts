import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { errorTable } from '../../schemas/errors.ts'
import { Command, closeCodes, Frame } from '../../schemas/socket.ts'
import { loadDemo } from '../../server/demo.ts'
import { startChat, type TestChat } from '../support/chat.ts'
import { pdf, png } from '../support/sample-files.ts'
import { readExamples } from './support/examples.ts'
import { createRunner } from './support/run.ts'

const publicUrl = 'https://chat.example.com'
const markdown = readFileSync(new URL('../../docs/CHAT_API.md', import.meta.url), 'utf8')
const examples = readExamples(markdown)

let chat: TestChat
let runner: ReturnType<typeof createRunner>
beforeAll(async () => {
  chat = await startChat({ env: { PUBLIC_URL: publicUrl } })
  await loadDemo(chat.db)
  runner = createRunner({ url: chat.url, publicUrl, files: { 'balcony.png': png, 'invoice.pdf': pdf } })
})
afterAll(async () => {
  runner.close()
  await chat.close()
})

/** Each builds on those before it, as in the document. */
describe('the examples', () => {
  test.each(examples.map((example) => [example.line, example.title, example] as const))(
    'line %i: %s',
    { timeout: 10_000 },
    (_line, _title, example) => runner.run(example),
  )
})

describe('the document tells', () => {
  test('every call of the OpenAPI document, by an example', async () => {
    const untold = Object.entries((await openApi()).paths).flatMap(([path, calls]) => {
      const pattern = new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`)
      return Object.keys(calls)
        .map((method) => method.toUpperCase())
        .filter((method) => !runner.asked.some(([asked, at]) => asked === method && pattern.test(at)))
        .map((method) => `${method} ${path}`)
    })
    expect(untold).toEqual([])
  })

  test('every parameter and every field that a call takes', async () => {
    const calls = Object.entries((await openApi()).paths).flatMap(([path, methods]) =>
      Object.values(methods).map((call) => ({ path, call })),
    )
    const untold = calls.flatMap(({ path, call }) => {
      const parameters = (call.parameters ?? []).filter((one) => one.in === 'query').map((one) => one.name)
      const bodies = Object.values(call.requestBody?.content ?? {}).flatMap(({ schema }) => Object.keys(schema?.properties ?? {}))
      return [...parameters, ...bodies]
        .filter((name) => !new RegExp(`["\`?&]${name}["\`=]`).test(markdown))
        .map((name) => `${path} ${name}`)
    })
    expect(untold).toEqual([])
  })

  test('and the API describes what each call answers, a file too', async () => {
    const calls = Object.entries((await openApi()).paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { responses = {} }]) => ({ call: `${method} ${path}`, statuses: Object.keys(responses) })),
    )
    const untold = calls.filter(({ statuses }) => !statuses.some((status) => status.startsWith('2')) || !statuses.includes('4XX'))
    expect(untold).toEqual([])
    expect(calls.find(({ call }) => call === 'get /api/chat/attachments/{id}/')?.statuses).toEqual(['200', '206', '304', '4XX'])
  })

  test('every command and every frame of the socket, by an example', () => {
    const steps = examples.flatMap((example) => (example.kind === 'sockets' ? example.steps : []))
    const told = (verb: string) => steps.filter((step) => step.verb === verb).map(({ frame }) => /"type": "(\w+)"/.exec(frame)?.[1])
    expect(missing(typesOf(Command), told('sends'))).toEqual([])
    expect(missing(typesOf(Frame), told('receives'))).toEqual([])
  })

  test('every close code', () => {
    const rows = [...markdown.matchAll(/^\| `(\d{4})` \|/gm)].map(([, code]) => Number(code))
    expect(missing(Object.values(closeCodes), rows)).toEqual([])
  })

  test('every error with its status, and whether trying again can help', () => {
    const rows = [...markdown.matchAll(/^\| `(\w+)` \| (\d{3}) \| (yes|no) \|/gm)].map(([, code, status, again]) => [
      code,
      { status: Number(status), retry: again === 'yes' },
    ])
    const table = Object.entries(errorTable).map(([code, { status, retry }]) => [code, { status, retry }])
    expect(Object.fromEntries(rows)).toEqual(Object.fromEntries(table))
  })
})

function missing(wanted: readonly unknown[], told: readonly unknown[]): unknown[] {
  return wanted.filter((one) => !told.includes(one))
}

type Call = {
  responses?: Record<string, unknown>
  parameters?: { in: string; name: string }[]
  requestBody?: { content: Record<string, { schema?: { properties?: object } }> }
}

async function openApi(): Promise<{ paths: Record<string, Record<string, Call>> }> {
  return (await fetch(`${chat.url}/api/schema/`)).json() as never
}

/** The `type` of each member of a union, however deep. */
function typesOf(schema: z.core.$ZodType): unknown[] {
  if (schema instanceof z.ZodUnion) return schema.options.flatMap(typesOf)
  const type = schema instanceof z.ZodObject ? schema.shape.type : undefined
  if (!(type instanceof z.ZodLiteral)) throw new Error('a member without a literal type')
  return [type.value]
}
