import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { jsonSchemaTransform } from 'fastify-type-provider-zod'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route answers with a file and not with JSON. */
    file?: true
  }
}

/** What a stored file is answered with. Only described: what has a schema of its own is serialised as JSON. */
const fileAnswers = {
  200: { description: 'The whole file, with its own content type.', content: binary() },
  206: { description: 'The part of the file that Range asks for.', content: binary() },
  304: { description: 'The client holds this file already.' },
}

/** How the API describes itself at /api/schema/ and /api/docs/. */
export const openApiOptions: FastifyDynamicSwaggerOptions = {
  openapi: {
    openapi: '3.1.0',
    info: { title: 'AriStay Chat', version: '1.0.0', description: 'Team chat for people who run rental properties.' },
    components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
    security: [{ bearer: [] }],
  },
  transform: (route) => {
    const described = jsonSchemaTransform(route as Parameters<typeof jsonSchemaTransform>[0])
    if (!route.route.config?.file) return described as never
    return { ...described, schema: { ...described.schema, response: { ...fileAnswers, ...refusals(described.schema) } } } as never
  },
}

function binary() {
  return { 'application/octet-stream': { schema: { type: 'string', format: 'binary' } } }
}

function refusals({ response }: { response?: unknown }): object {
  return (response as object | undefined) ?? {}
}
