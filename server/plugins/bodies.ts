import type { App } from '../app.ts'

/** JSON without a body is an empty object, as clients of the old backend send it. `__proto__` and `constructor` keys are left out. Plain text is no content type of ours. */
export function parseEmptyJson(app: App): void {
  const parse = app.getDefaultJsonParser('remove', 'remove')
  app.removeContentTypeParser(['application/json', 'text/plain'])
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    const text = String(body)
    if (text.trim() === '') return done(null, {})
    parse(request, text, done)
  })
}
