import { expect, test } from 'vitest'
import { ApiError, type ChatClient } from '../../public/client/index.ts'
import { createUploads } from '../../public/store/uploads.ts'
import { FakeClock, settled } from '../client/support/fake-clock.ts'

type Call = { name: string; clientId: string | undefined; resolve: () => void; reject: (cause: unknown) => void }

const roomId = '0190aaaa-0000-7000-8000-000000000001'
const tooMany = (retryAfter?: number) => new ApiError(429, 'too_many_requests', { detail: 'Request was throttled.' }, retryAfter)

/** Uploads to a service that answers when the test says so. */
function opened() {
  const calls: Call[] = []
  const api: Pick<ChatClient['api'], 'sendFile'> = {
    sendFile: ({ name, client_id: clientId }) =>
      new Promise((resolve, reject) => {
        calls.push({ name, clientId, resolve: () => resolve({} as never), reject })
      }),
  }
  const clock = new FakeClock()
  const uploads = createUploads({ api, me: 1, on: () => () => undefined } as unknown as ChatClient, clock)
  const add = (name: string) =>
    uploads.add({ roomId, file: new File(['%PDF'], name, { type: 'application/pdf' }), text: '', replyTo: undefined })
  return { calls, clock, uploads, add }
}

test('a file that is one too many waits as long as it is told, goes again under its client_id, and those behind it stay behind', async () => {
  const { calls, clock, uploads, add } = opened()
  for (const name of ['one.pdf', 'two.pdf']) add(name)
  for (const wait of [3, undefined]) {
    calls.at(-1)?.reject(tooMany(wait))
    const before = calls.length
    await clock.advance((wait ?? 5) * 1_000 - 1)
    expect([calls.length, uploads.list.value.map(({ failure }) => failure)]).toEqual([before, [undefined, undefined]])
    await clock.advance(1)
    expect([calls.length, calls.at(-1)?.name]).toEqual([before + 1, 'one.pdf'])
  }
  calls.at(-1)?.resolve()
  await settled()
  expect(calls.map(({ name }) => name)).toEqual(['one.pdf', 'one.pdf', 'one.pdf', 'two.pdf'])
  expect(new Set(calls.map(({ clientId }) => clientId)).size).toBe(2)
})

test('one that is taken back while it waits is not sent again, and the next goes when the time is over', async () => {
  const { calls, clock, uploads, add } = opened()
  for (const name of ['one.pdf', 'two.pdf']) add(name)
  calls[0]?.reject(tooMany(2))
  await settled()
  uploads.cancel(calls[0]?.clientId ?? '')
  await clock.advance(1_999)
  expect(calls).toHaveLength(1)
  await clock.advance(1)
  expect([calls.map(({ name }) => name), uploads.list.value.length]).toEqual([['one.pdf', 'two.pdf'], 1])
})

test('any other refusal is told, and does not hold up the next', async () => {
  const { calls, uploads, add } = opened()
  for (const name of ['one.pdf', 'two.pdf']) add(name)
  calls[0]?.reject(new ApiError(413, 'too_large', { detail: 'The file is too large.' }))
  await settled()
  expect(uploads.list.value.map(({ failure }) => failure?.code)).toEqual(['too_large', undefined])
  expect(calls.map(({ name }) => name)).toEqual(['one.pdf', 'two.pdf'])
})
