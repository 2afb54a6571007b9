import { keptFile, keptPage } from './shell.ts'

/** Milliseconds that the network has for the page before the kept one is shown. */
const patience = 3_000

/** The page and its files are all that this worker answers: what the API says, and attachments, never pass through here. */
export function isPage({ mode, method, url }: Request): boolean {
  return mode === 'navigate' && method === 'GET' && /^\/api\/chat\/?$/.test(new URL(url).pathname)
}
export function isFile({ method, url }: Request, origin: string): boolean {
  return method === 'GET' && url.startsWith(`${origin}/api/chat/assets/`)
}

/** The newest page that can be had soon, or the kept one. */
export async function answerPage(event: FetchEvent): Promise<Response> {
  const fetched = fetchPage(event)
  const tried = fetched.catch(() => undefined)
  // What comes too late is still waited for: given up, the browser would complain.
  event.waitUntil(tried)
  const inTime = await Promise.race([tried, later(patience)])
  if (inTime && inTime.status < 500) return inTime
  return (await keptPage()) ?? fetched
}

export async function answerFile(request: Request): Promise<Response> {
  return (await keptFile(request)) ?? fetch(request)
}

/** The browser has asked already, while this worker was waking up. */
async function fetchPage(event: FetchEvent): Promise<Response> {
  const asked: Response | undefined = await event.preloadResponse
  return asked ?? fetch(event.request)
}

function later(milliseconds: number): Promise<undefined> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds))
}
