import { answerFile, answerPage, isFile, isPage } from './answers.ts'
import { forgetOldShells, keepShell } from './shell.ts'

declare const self: ServiceWorkerGlobalScope

self.addEventListener('install', (event) => event.waitUntil(install()))
self.addEventListener('activate', (event) => event.waitUntil(activate()))
// A page is there: the one before it may be gone.
self.addEventListener('message', (event) => event.waitUntil(forgetOldShells()))
self.addEventListener('fetch', (event) => {
  if (isPage(event.request)) event.respondWith(answerPage(event))
  else if (isFile(event.request, self.location.origin)) event.respondWith(answerFile(event.request))
})

/** Takes over at once: pages of older versions find their files in this one's hands too. */
async function install(): Promise<void> {
  await keepShell()
  await self.skipWaiting()
}

async function activate(): Promise<void> {
  await self.registration.navigationPreload?.enable()
  await forgetOldShells()
  await self.clients.claim()
}
