import { expect, test } from 'vitest'
import { describeWithRedis } from '../support/redis.ts'
import { png } from '../support/sample-files.ts'
import { until } from '../support/until.ts'
import { composer, enter, message, openTab, signIn, texts, withState, write } from './support/browser.ts'
import { startDeployment } from './support/deployment.ts'
import { keptFiles, keptRooms, pageIsKept, textsAreKept } from './support/kept.ts'
import { stage } from './support/stage.ts'

describeWithRedis('without a network', () => {
  const on = stage(startDeployment)

  /** Anna looks at a room of which everything is kept by now. */
  async function kept() {
    const made = await on.opened()
    await made.ben.say(made.room, 'said before')
    await message(made.seat, 'said before').waitFor()
    await pageIsKept(made.seat.page)
    await textsAreKept(made.seat.page, 'said before')
    return made
  }
  const stored = async ({ ben, room }: Pick<Awaited<ReturnType<typeof kept>>, 'ben' | 'room'>): Promise<string[]> => {
    const { body } = await ben.get(`/api/chat/messages/?room=${room}&ordering=created_at`)
    return body.results.map(({ content }: { content: string }) => content)
  }

  test('5 A reload shows the chats and the last conversation; what is written waits, and goes out once and in order', async () => {
    const { seat, ben, room } = await kept()
    const other = await on.seat(ben, { at: `#/${room}` })
    await seat.line.cut()
    await seat.page.reload()
    await message(seat, 'said before').waitFor()
    expect(await seat.page.getByRole('navigation', { name: 'Chats' }).locator('.row').count()).toBe(1)
    for (const text of ['first', 'second', 'third']) await write(seat, text)
    await withState(seat, 'third', 'queued').waitFor()
    await seat.page.getByText('3 messages waiting').waitFor()
    expect(await seat.page.locator('.problem-line').count()).toBe(0)
    await seat.page.reload()
    await withState(seat, 'third', 'queued').waitFor()
    await ben.say(room, 'missed')
    await seat.line.mend()
    await withState(seat, 'third', 'sent').waitFor()
    await message(seat, 'missed').waitFor()
    const all = ['said before', 'missed', 'first', 'second', 'third']
    expect(await stored({ ben, room })).toEqual(all)
    await until(async () => (await texts(other)).join() === all.join() && (await texts(seat)).join() === all.join())
    expect(seat.complaints).toEqual([])
  })

  test('The same when the server is gone and nothing is reached, while the browser believes to be online', async () => {
    const { seat, ben, room } = await kept()
    on.chat.front.cut()
    await on.chat.server.kill()
    await seat.page.reload()
    await message(seat, 'said before').waitFor()
    await write(seat, 'written meanwhile')
    await withState(seat, 'written meanwhile', 'queued').waitFor()
    await on.chat.server.start()
    on.chat.front.mend()
    await withState(seat, 'written meanwhile', 'sent').waitFor({ timeout: 40_000 })
    expect(await stored({ ben, room })).toEqual(['said before', 'written meanwhile'])
  }, 90_000)

  test('A server that takes the question and never answers is not waited for', async () => {
    const { seat } = await kept()
    on.chat.server.freeze()
    await seat.page.reload()
    await message(seat, 'said before').waitFor()
    on.chat.server.thaw()
    await write(seat, 'it answers again')
    await withState(seat, 'it answers again', 'sent').waitFor({ timeout: 40_000 })
  }, 90_000)

  test('Conversations that nobody has opened here are there too, and go on with what comes', async () => {
    const [anna, ben] = await on.chat.newPeople('Anna', 'Ben')
    const [room, unopened] = [await on.chat.group(anna, ben), await on.chat.group(anna, ben)]
    await ben.say(unopened, 'in the other room')
    const seat = await on.seat(anna)
    await enter(seat, room)
    await pageIsKept(seat.page)
    await textsAreKept(seat.page, 'in the other room')
    await ben.say(unopened, 'and later')
    await until(async () =>
      (await keptRooms(seat.page)).some((row) => 'state' in (row as object) && JSON.stringify(row).includes('and later')),
    )
    await seat.line.cut()
    await seat.page.reload()
    await enter(seat, unopened)
    await message(seat, 'and later').waitFor()
    expect(await texts(seat)).toEqual(['in the other room', 'and later'])
  })

  test('Of a conversation the newest messages are kept, and the older ones come when there is a network again', async () => {
    const { seat, room } = await on.openedHistory(70)
    await pageIsKept(seat.page)
    await textsAreKept(seat.page, 'message 70.')
    await seat.line.cut()
    await seat.page.reload()
    await message(seat, 'message 70.').waitFor()
    const states = (await keptRooms(seat.page)).filter((row) => JSON.stringify(row).includes('message 70.') && 'state' in (row as object))
    expect(states.map((row) => (row as { state: { messages: unknown[] } }).state.messages.length)).toEqual([50])
    await seat.line.mend()
    await until(async () => {
      await seat.page.locator('.messages').evaluate((list) => list.scrollTo(0, 0))
      return (await message(seat, 'message 1.').count()) === 1
    })
    expect(room).toBeTruthy()
  })

  test('After a sign-out nothing that could be read is left, only the draft; and nobody else sees any of it', async () => {
    const { seat, anna, ben, room } = await kept()
    const [carl] = await on.chat.newPeople('Carl')
    await composer(seat).fill('a draft that stays')
    await seat.page.getByRole('button', { name: 'Sign out' }).click()
    await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
    await until(async () => (await keptRooms(seat.page)).length === 0)
    await seat.line.cut()
    await seat.page.reload()
    await seat.page.getByRole('button', { name: 'Sign in' }).waitFor()
    expect(await seat.page.getByText('said before').count()).toBe(0)
    await seat.line.mend()
    await signIn(seat.page, carl)
    await seat.page.getByText('a draft that stays').waitFor({ state: 'detached' })
    expect(JSON.stringify(await keptRooms(seat.page))).not.toContain('said before')
    await seat.page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(seat.page, anna)
    await enter(seat, room)
    await until(async () => (await composer(seat).inputValue()) === 'a draft that stays')
    await ben.say(room, 'and on')
    await message(seat, 'and on').waitFor()
  })

  test('What waits belongs to whoever wrote it, though no token said who that was', async () => {
    const { seat, anna, ben, room } = await kept()
    const [carl] = await on.chat.newPeople('Carl')
    await anna.post('/api/chat/participants/', { room, user: carl.id })
    await seat.line.cut()
    await seat.page.reload()
    await message(seat, 'said before').waitFor()
    await write(seat, 'from Anna alone')
    await withState(seat, 'from Anna alone', 'queued').waitFor()
    await seat.page.getByRole('button', { name: 'Sign out' }).click()
    await seat.line.mend()
    await signIn(seat.page, carl)
    await enter(seat, room)
    await write(seat, 'from Carl')
    await withState(seat, 'from Carl', 'sent').waitFor()
    expect(await texts(seat)).not.toContain('from Anna alone')
    await seat.page.getByRole('button', { name: 'Sign out' }).click()
    await signIn(seat.page, anna)
    await until(async () => (await stored({ ben, room })).includes('from Anna alone'))
    const { body } = await ben.get(`/api/chat/messages/?room=${room}`)
    const author = body.results.find(({ content }: { content: string }) => content === 'from Anna alone').sender.id
    expect(author).toBe(anna.id)
  })

  test('The worker keeps the page and its files: no answer of the API, no attachment', async () => {
    const { seat, ben, room } = await kept()
    const form = new FormData()
    form.set('room', room)
    form.set('attachment', new Blob([new Uint8Array(png)], { type: 'image/png' }), 'a picture.png')
    await ben.post('/api/chat/messages/', form)
    await seat.page.locator('.picture img').waitFor()
    await seat.page.reload()
    await seat.page.locator('.picture img').waitFor()
    const versions = Object.values(await keptFiles(seat.page))
    expect(versions).toHaveLength(1)
    const files = versions[0] ?? []
    expect(files).toContain('/api/chat/')
    expect(files.filter((path) => path !== '/api/chat/' && !path.startsWith('/api/chat/assets/'))).toEqual([])
  })

  test('The address without its last slash opens too', async () => {
    const { seat } = await kept()
    await seat.line.cut()
    const { page } = await openTab(seat.context, `${on.chat.url}/api/chat`)
    await page.getByRole('navigation', { name: 'Chats' }).locator('.row').waitFor()
  })
})
