/** `isTold`: it is in the document, so that there must be a way to have it done. */
export type Endpoint = { method: string; path: string; query: string[]; body: string[]; isTold: boolean }

type Schema = { properties?: Record<string, unknown>; anyOf?: Schema[] }
type Operation = {
  parameters?: { in: string; name: string }[]
  requestBody?: { content?: Record<string, { schema?: Schema }> }
}
export type OpenApi = { paths: Record<string, Record<string, Operation>> }

/** What the document does not tell: bodies that a handler reads by itself, and addresses that are hidden. */
const bodies: Record<string, string[]> = {
  'POST /api/chat/messages/': ['room', 'content', 'message_type', 'reply_to', 'client_id', 'attachment', 'attachment_name'],
}
const queries: Record<string, string[]> = {
  'GET /api/chat/attachments/{id}/': ['user', 'expires', 'signature'],
  'HEAD /api/chat/attachments/{id}/': ['user', 'expires', 'signature'],
}
const hidden: [method: string, path: string][] = [
  ['GET', '/healthz'],
  ['GET', '/readyz'],
  ['GET', '/api/schema/'],
  ['GET', '/api/docs/'],
  ['GET', '/api/docs/static/{id}'],
  ['GET', '/api/chat/{id}/'],
  ['OPTIONS', '/api/chat/rooms/'],
  ['PUT', '/api/chat/messages/'],
  ['GET', '/{id}'],
]

/** Every endpoint of the service with the names of its parameters: those of its OpenAPI document, so that a new one is among them by itself. */
export function listEndpoints({ paths }: OpenApi): Endpoint[] {
  const told = Object.entries(paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => endpointOf(method.toUpperCase(), path, operation)),
  )
  return [...told, ...hidden.map(([method, path]) => ({ method, path, query: [], body: ['x'], isTold: false }))]
}

function endpointOf(method: string, path: string, { parameters = [], requestBody }: Operation): Endpoint {
  const name = `${method} ${path}`
  const query = parameters.filter((parameter) => parameter.in === 'query').map((parameter) => parameter.name)
  const schemas = Object.values(requestBody?.content ?? {}).map(({ schema }) => schema)
  const body = schemas.flatMap((schema) => Object.keys(schema?.properties ?? {}))
  return { method, path, query: queries[name] ?? query, body: bodies[name] ?? [...new Set(body)], isTold: true }
}
