import { afterAll, beforeAll } from 'vitest'
import { startChat, type TestChat } from '../../support/chat.ts'
import { enter, type Seat, type SeatOptions, startBrowser } from './browser.ts'

type Service = Pick<TestChat, 'url' | 'newPeople' | 'group'> & { close(): Promise<void> }

/** A service (by default the whole in this process) and a browser for one test file. Every test makes people and a room of its own. */
export function stage(): Stage<TestChat>
export function stage<Running extends Service>(start: () => Promise<Running>): Stage<Running>
export function stage(start: () => Promise<Service> = startChat): Stage<Service> {
  return set(start)
}

type Stage<Running extends Service> = ReturnType<typeof set<Running>>

function set<Running extends Service>(start: () => Promise<Running>) {
  let chat: Running
  let browser: Awaited<ReturnType<typeof startBrowser>>
  beforeAll(async () => {
    chat = await start()
    browser = await startBrowser(() => chat.url)
  }, 90_000)
  afterAll(async () => {
    await browser?.close()
    await chat?.close()
  })

  const seat = (person: Seat['person'], seatOptions?: SeatOptions) => browser.seat(person, seatOptions)

  /** Before signing in. */
  const visitor = (person: Seat['person'], seatOptions?: SeatOptions) => browser.visitor(person, seatOptions)

  /** Anna, who is its admin, and Ben in a group. */
  async function group() {
    const [anna, ben] = await chat.newPeople('Anna', 'Ben')
    return { anna, ben, room: await chat.group(anna, ben) }
  }

  /** Anna at her browser, in a group with Ben. */
  async function opened(seatOptions?: SeatOptions) {
    const made = await group()
    const hers = await seat(made.anna, seatOptions)
    await enter(hers, made.room)
    return { ...made, seat: hers }
  }

  /** A group where Ben has said so many messages, numbered from 1; Anna has read the first `read`. */
  async function history(count: number, read = count) {
    const made = await group()
    const said: { id: string; seq: number }[] = []
    for (let number = 1; number <= count; number += 1) said.push(await made.ben.say(made.room, `message ${number}.`))
    if (read > 0) await made.anna.post(`/api/chat/messages/${said[read - 1]?.id}/mark_read/`)
    return { ...made, said }
  }

  /** The same, with Anna looking at it. */
  async function openedHistory(count: number, read = count, seatOptions?: SeatOptions) {
    const made = await history(count, read)
    const hers = await seat(made.anna, seatOptions)
    await enter(hers, made.room)
    return { ...made, seat: hers }
  }

  return {
    get chat() {
      return chat
    },
    ...{ seat, visitor, group, opened, history, openedHistory },
  }
}
