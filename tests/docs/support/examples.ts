/** One example of the document: a request with its answer, or what happens on sockets, in order. `line` is where it begins. */
export type HttpExample = {
  kind: 'http'
  line: number
  title: string
  request: HttpPart & { method: string; path: string }
  answer: HttpPart & { status: number }
}
export type SocketExample = { kind: 'sockets'; line: number; title: string; steps: Step[] }
export type Example = HttpExample | SocketExample

type HttpPart = { headers: Record<string, string>; body: string }

export const verbs = ['opens', 'sends', 'receives', 'closes', 'is closed with', 'is refused with'] as const
/** `who` names a socket. `rest` is the address, the code or the status; `frame` is JSON. */
export type Step = { who: string; verb: (typeof verbs)[number]; rest: string; frame: string }

const fence = /^```(\w+)\n([\s\S]*?)^```$/gm
const stepLine = new RegExp(`^// (\\w[\\w-]*) (${verbs.join('|')})(?: (\\S+))?$`)

/** The examples of a Markdown document, in order: its `http` and `jsonc` blocks. */
export function readExamples(markdown: string): Example[] {
  return [...markdown.matchAll(fence)].flatMap(({ 1: language, 2: text = '', index }): Example[] => {
    const line = markdown.slice(0, index).split('\n').length + 1
    if (language === 'http') return [readHttp(text, line)]
    return language === 'jsonc' ? [readSteps(text, line)] : []
  })
}

function readHttp(text: string, line: number): HttpExample {
  const [asked = '', answered = ''] = text.split(/^(?=HTTP\/1\.1 )/m)
  const { first: requestLine, ...request } = readPart(asked)
  const { first: statusLine, ...answer } = readPart(answered)
  const [method = '', path = ''] = requestLine.split(' ')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(statusLine)?.[1])
  if (!path || !status) throw new Error(`line ${line}: an http block is a request and an answer`)
  return { kind: 'http', line, title: `${requestLine} → ${status}`, request: { method, path, ...request }, answer: { status, ...answer } }
}

function readPart(text: string): HttpPart & { first: string } {
  const [head = '', ...rest] = text.trim().split('\n\n')
  const [first = '', ...lines] = head.split('\n')
  const headers = lines.map((each) => [each.slice(0, each.indexOf(':')).toLowerCase(), each.slice(each.indexOf(':') + 1).trim()])
  return { first, headers: Object.fromEntries(headers), body: rest.join('\n\n') }
}

function readSteps(text: string, line: number): SocketExample {
  const steps: Step[] = []
  for (const each of text.split('\n')) {
    if (each.startsWith('//')) steps.push(readStep(each, line))
    else if (steps.length > 0) (steps.at(-1) as Step).frame += each
  }
  const title = steps.map(({ who, verb, frame }) => `${who} ${verb} ${/"type": "(\w+)"/.exec(frame)?.[1] ?? ''}`.trim()).join(', ')
  return { kind: 'sockets', line, title, steps }
}

function readStep(text: string, line: number): Step {
  const [, who, verb, rest = ''] = stepLine.exec(text) ?? []
  if (!who) throw new Error(`line ${line}: “${text}” is not a step; the verbs are ${verbs.join(', ')}`)
  return { who, verb: verb as Step['verb'], rest, frame: '' }
}
