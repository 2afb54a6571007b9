import { expect, test } from 'vitest'
import { describeWithRedis } from '../support/redis.ts'
import { until } from '../support/until.ts'
import { message, texts, withState, write } from './support/browser.ts'
import { startDeployment } from './support/deployment.ts'
import { stage } from './support/stage.ts'

describeWithRedis('server and relay in processes of their own', () => {
  const on = stage(startDeployment)

  test('32 The relay is killed: a calm bar, messages go out all the same, and afterwards everything missed is there', async () => {
    const { seat, room, ben } = await on.opened()
    const [said, gone] = [await ben.say(room, 'before the loss'), await ben.say(room, 'soon deleted')]
    await message(seat, 'soon deleted').waitFor()
    await on.chat.relay.kill()
    await seat.page.getByText('Reconnecting…').waitFor({ timeout: 5_000 })
    await write(seat, 'sent without a relay')
    await until(async () => {
      const { body } = await ben.get(`/api/chat/messages/?room=${room}`)
      return body.results.some(({ content }: { content: string }) => content === 'sent without a relay')
    })
    await ben.say(room, 'missed')
    await ben.patch(`/api/chat/messages/${said.id}/`, { content: 'changed meanwhile' })
    await ben.delete(`/api/chat/messages/${gone.id}/`)
    await on.chat.relay.start()
    await message(seat, 'missed').waitFor({ timeout: 40_000 })
    await message(seat, 'changed meanwhile').getByText('edited').waitFor()
    await seat.page.getByText('This message was deleted').waitFor()
    await withState(seat, 'sent without a relay', 'sent').waitFor()
    await seat.page.getByText('Reconnecting…').waitFor({ state: 'detached' })
    expect((await texts(seat)).filter((text) => text === 'sent without a relay')).toHaveLength(1)
    expect(seat.complaints).toEqual([])
  }, 90_000)

  test('4 and 5 The server is killed: what was written waits, and is there once and in one order for all when it is back', async () => {
    const { seat, room, ben } = await on.opened()
    await ben.say(room, 'before the loss')
    await message(seat, 'before the loss').waitFor()
    await on.chat.server.kill()
    for (const text of ['first', 'second', 'third']) await write(seat, text)
    expect(await texts(seat)).toEqual(['before the loss', 'first', 'second', 'third'])
    await on.chat.server.start()
    // Whatever was given up meanwhile says so, and goes out when it is asked to.
    await until(async () => {
      for (const button of await seat.page.getByRole('button', { name: 'Retry' }).all())
        await button.click({ timeout: 500 }).catch(() => undefined)
      return (await seat.page.locator('.message[data-delivery="sent"]').count()) === 4
    }, 60_000)
    const { body } = await ben.get(`/api/chat/messages/?room=${room}&ordering=created_at`)
    const stored: string[] = body.results.map(({ content }: { content: string }) => content)
    expect([...stored].sort()).toEqual(['before the loss', 'first', 'second', 'third'])
    await until(async () => (await texts(seat)).join() === stored.join())
  }, 90_000)

  test('33 Server and relay are restarted while the page sleeps: it heals by itself', async () => {
    const { seat, room, ben } = await on.opened()
    await ben.say(room, 'before the sleep')
    await message(seat, 'before the sleep').waitFor()
    const machine = await seat.context.newCDPSession(seat.page)
    await machine.send('Page.setWebLifecycleState', { state: 'frozen' })
    await Promise.all([on.chat.server.kill(), on.chat.relay.kill()])
    await Promise.all([on.chat.server.start(), on.chat.relay.start()])
    await ben.say(room, 'said while it slept')
    await machine.send('Page.setWebLifecycleState', { state: 'active' })
    await message(seat, 'said while it slept').waitFor({ timeout: 60_000 })
    await write(seat, 'awake')
    await withState(seat, 'awake', 'sent').waitFor()
  }, 120_000)
})
