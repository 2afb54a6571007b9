/** Written by the build: the version of the page, and the addresses of the files that it consists of. */
declare const __SHELL__: { version: string; files: string[] }

declare const self: ServiceWorkerGlobalScope

const { version, files } = __SHELL__
const page = '/api/chat/'
const prefix = 'aristay-chat page '
/** Of a version; a page that is open holds a lock of the same name. */
const own = `${prefix}${version}`

/** Fetches the page with all its files. Rejects when one of them is not to be had; the page itself is put last, so that it is never found without them. */
export async function keepShell(): Promise<void> {
  const answer = await fetch(page, { cache: 'reload' })
  // While servers are replaced, one of them may still give the page before or after this one.
  if (!answer.ok || !(await answer.clone().text()).includes(version)) throw new Error('the page is of another version')
  const cache = await caches.open(own)
  await cache.addAll(files)
  await cache.put(page, answer)
}

export async function keptPage(): Promise<Response | undefined> {
  return (await caches.open(own)).match(page)
}

/** Names hold their content, so a file of whichever version is the right one. */
export function keptFile(request: Request): Promise<Response | undefined> {
  return caches.match(request, { ignoreVary: true })
}

/** Deletes the versions that no open page is of. One that is just being fetched has no page yet, so then everything stays. */
export async function forgetOldShells(): Promise<void> {
  if (self.registration.installing || self.registration.waiting) return
  const { held = [] } = await navigator.locks.query()
  const open = new Set(held.map(({ name }) => name))
  const old = (await caches.keys()).filter((name) => name.startsWith(prefix) && name !== own && !open.has(name))
  await Promise.all(old.map((name) => caches.delete(name)))
}
