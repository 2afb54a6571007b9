import type { Page } from 'playwright-core'
import { until } from '../../support/until.ts'

/** Resolves when the browser can open the page by itself. */
export async function pageIsKept(page: Page): Promise<void> {
  await page.evaluate(() => navigator.serviceWorker.ready.then(() => true))
}

/** Resolves when what the browser remembers of rooms and their conversations holds each of these texts. */
export async function textsAreKept(page: Page, ...texts: string[]): Promise<void> {
  await until(async () => {
    const kept = JSON.stringify(await keptRooms(page))
    return texts.every((text) => kept.includes(text))
  })
}

/** Rooms and conversations that the browser remembers, of whomever. */
export function keptRooms(page: Page): Promise<unknown[]> {
  return page.evaluate(async () => {
    const answer = <Value>(request: IDBRequest<Value>) =>
      new Promise<Value>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result)
        request.onerror = () => reject(request.error)
      })
    const tables = await answer(indexedDB.open('aristay-chat'))
    const stores = tables.transaction(['lists', 'states', 'users'])
    const all = await Promise.all(['lists', 'states', 'users'].map((name) => answer<unknown[]>(stores.objectStore(name).getAll())))
    tables.close()
    // Maps are nothing to JSON.
    const plain = (value: unknown): unknown => (value instanceof Map ? [...value.values()] : value)
    return all.flat().map((row) => JSON.parse(JSON.stringify(row, (_key, value) => plain(value))))
  })
}

/** Addresses of all that the worker keeps, by version. */
export function keptFiles(page: Page): Promise<Record<string, string[]>> {
  return page.evaluate(async () => {
    const versions: [string, string[]][] = []
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys()
      versions.push([name, requests.map(({ url }) => new URL(url).pathname)])
    }
    return Object.fromEntries(versions)
  })
}
