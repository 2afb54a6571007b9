import { createHmac } from 'node:crypto'
import { expect, test } from 'vitest'
import { startChat } from '../support/chat.ts'
import { until } from '../support/until.ts'
import { composer, enter, message, signIn, texts, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const signingKey = 'the signing key of this test file alone'
const on = stage(() => startChat({ env: { JWT_SIGNING_KEY: signingKey } }))

async function opened() {
  const { anna, ben, room } = await on.group()
  const said = await ben.say(room, 'before the loss')
  const gone = await ben.say(room, 'soon deleted')
  const seat = await on.seat(anna)
  await enter(seat, room)
  await message(seat, 'soon deleted').waitFor()
  return { anna, ben, room, seat, said, gone }
}

test('32 A calm bar within 5 s of a loss, with the number of waiting messages; afterwards everything missed is there', async () => {
  const { seat, room, ben, said, gone } = await opened()
  const mine = await seat.person.say(room, 'mine, read meanwhile')
  await message(seat, 'mine, read meanwhile').waitFor()
  await seat.line.cut()
  await write(seat, 'waits')
  await seat.page.getByText('Reconnecting… 1 message waiting').waitFor({ timeout: 5_000 })
  await ben.say(room, 'missed')
  await ben.patch(`/api/chat/messages/${said.id}/`, { content: 'changed meanwhile' })
  await ben.delete(`/api/chat/messages/${gone.id}/`)
  await ben.post(`/api/chat/messages/${mine.id}/mark_read/`)
  await seat.line.mend()
  await message(seat, 'missed').waitFor()
  await message(seat, 'changed meanwhile').getByText('edited').waitFor()
  await seat.page.getByText('This message was deleted').waitFor()
  await message(seat, 'mine, read meanwhile').locator('[data-state="read"]').waitFor()
  await withState(seat, 'waits', 'sent').waitFor()
  await seat.page.getByText('Reconnecting…').waitFor({ state: 'detached' })
})

test('32 A blip under 2 s is nobody’s business', async () => {
  const { seat, room, ben } = await opened()
  await seat.page.evaluate(() => {
    new MutationObserver(() => {
      if (document.querySelector('.connection p')) document.body.dataset.told = 'yes'
    }).observe(document.body, { childList: true, subtree: true })
  })
  await seat.line.blip()
  await ben.say(room, 'after the blip')
  await message(seat, 'after the blip').waitFor()
  expect(await seat.page.evaluate(() => document.body.dataset.told)).toBeUndefined()
})

test('33 A reload goes on without signing in; only a real sign-out asks to sign in', async () => {
  const { seat, room, anna, ben } = await opened()
  await composer(seat).fill('a draft that stays')
  await seat.page.reload()
  await message(seat, 'before the loss').waitFor()
  await ben.say(room, 'after the reload')
  await message(seat, 'after the reload').waitFor()
  await until(async () => (await composer(seat).inputValue()) === 'a draft that stays')
  const cookies = await seat.context.cookies(`${on.chat.url}/api/token/refresh/`)
  expect(cookies).toMatchObject([{ httpOnly: true, sameSite: 'Strict', path: '/api/token/' }])
  await seat.page.getByRole('button', { name: 'Sign out' }).click()
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  await seat.page.reload()
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await seat.context.cookies(`${on.chat.url}/api/token/refresh/`)).toEqual([])
  await until(async () => (await anna.get(`/api/chat/rooms/${room}/`)).status === 200)
  expect(seat.complaints).toEqual([])
})

test('33 An expired token heals by itself: nobody is asked to sign in, nothing is missed', async () => {
  const { seat, room, ben } = await opened()
  const given: string[] = []
  let isShort = true
  // The service's own tokens, with an end that comes in a few seconds.
  await seat.context.route('**/api/token/refresh/', async (route) => {
    const response = await route.fetch()
    const pair = await response.json()
    given.push(isShort ? endingIn(pair.access, 3) : pair.access)
    await route.fulfill({ response, json: { ...pair, access: given.at(-1) } })
  })
  await seat.page.reload()
  await message(seat, 'before the loss').waitFor()
  // Between two renewals: one that was cut off would be waited for, and its answer may be lost.
  await (await seat.page.waitForResponse('**/api/token/refresh/')).finished()
  await seat.line.cut()
  // The token ends while there is no way to get another.
  const isOver = async () => (await ben.post('/api/token/verify/', { token: given.at(-1) })).status === 401
  await until(isOver)
  await ben.say(room, 'said after its end')
  await seat.line.mend()
  await message(seat, 'said after its end').waitFor()
  isShort = false
  await write(seat, 'with a new token')
  await withState(seat, 'with a new token', 'sent').waitFor()
  expect(given.length).toBeGreaterThan(1)
  expect(await seat.page.getByRole('button', { name: 'Sign in' }).count()).toBe(0)
}, 60_000)

test('33 A sign-in that was revoked elsewhere asks to sign in, and the draft is still there', async () => {
  const { seat, room, anna } = await opened()
  await composer(seat).fill('a draft that stays')
  // By the hand of somebody else: the page's own client knows nothing of it.
  const status = await seat.page.evaluate(async () => {
    const headers = { 'content-type': 'application/json', 'x-token-cookie': '1' }
    const { access } = await (await fetch('/api/token/refresh/', { method: 'POST', headers, body: '{}' })).json()
    const bearer = { ...headers, authorization: `Bearer ${access}` }
    return (await fetch('/api/token/revoke/', { method: 'POST', headers: bearer, body: '{}' })).status
  })
  expect(status).toBe(200)
  await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
  expect(await seat.page.getByText('before the loss').count()).toBe(0)
  await signIn(seat.page, anna)
  await enter(seat, room)
  await until(async () => (await composer(seat).inputValue()) === 'a draft that stays')
})

test('33 Sleep heals by itself', async () => {
  const { seat, room, ben, said } = await opened()
  const machine = await seat.context.newCDPSession(seat.page)
  await machine.send('Page.setWebLifecycleState', { state: 'frozen' })
  await seat.line.cut()
  await ben.say(room, 'said while it slept')
  await ben.patch(`/api/chat/messages/${said.id}/`, { content: 'changed while it slept' })
  await seat.line.mend()
  await machine.send('Page.setWebLifecycleState', { state: 'active' })
  await message(seat, 'said while it slept').waitFor()
  await message(seat, 'changed while it slept').waitFor()
  await write(seat, 'awake')
  await withState(seat, 'awake', 'sent').waitFor()
})

test('32 A slow network keeps everything in order', async () => {
  const { seat, room, ben } = await opened()
  const other = await on.seat(ben, { at: `#/${room}` })
  await seat.line.slow(400)
  for (const text of ['slow one', 'slow two', 'slow three']) await write(seat, text)
  await ben.say(room, 'in between')
  await withState(seat, 'slow three', 'sent').waitFor()
  await message(seat, 'in between').waitFor()
  const shown = (all: string[]) => all.filter((text) => text.startsWith('slow') || text === 'in between')
  await until(async () => shown(await texts(seat)).join() === shown(await texts(other)).join())
  expect(shown(await texts(seat)).filter((text) => text !== 'in between')).toEqual(['slow one', 'slow two', 'slow three'])
})

/** The same token, signed anew, that ends so soon. */
function endingIn(token: string, seconds: number): string {
  const [header = '', claims = ''] = token.split('.')
  const now = Math.floor(Date.now() / 1_000)
  const changed = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), iat: now, exp: now + seconds }
  const body = `${header}.${Buffer.from(JSON.stringify(changed)).toString('base64url')}`
  return `${body}.${createHmac('sha256', signingKey).update(body).digest('base64url')}`
}
