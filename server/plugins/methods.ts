import type { HTTPMethods } from 'fastify'
import { ChatError } from '../../schemas/errors.ts'
import type { App } from '../app.ts'

const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const satisfies HTTPMethods[]

/**
 * Answers 405 for the methods that an address does not take. `register` adds the routes; hooks of the scope, such as
 * authentication, come first for these answers too.
 */
export function refuseOtherMethods(app: App, register: () => void): void {
  const taken = new Map<string, Set<string>>()
  app.addHook('onRoute', (route) => {
    const known = taken.get(route.url) ?? new Set()
    for (const method of [route.method].flat()) known.add(method)
    taken.set(route.url, known)
  })
  register()
  for (const [url, known] of [...taken]) {
    const others = methods.filter((method) => !known.has(method))
    if (others.length === 0) continue
    app.route({
      method: others,
      url,
      schema: { hide: true } as object,
      handler: (request, reply) => {
        reply.header('allow', [...known].join(', '))
        throw new ChatError('method_not_allowed', `Method "${request.method}" not allowed.`)
      },
    })
  }
}
