import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Person } from '../support/person.ts'
import { png } from '../support/sample-files.ts'
import { until } from '../support/until.ts'
import { composer, message, type Seat, withState, write } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()
const panel = ({ page }: Seat) => page.getByRole('complementary', { name: 'Details' })
const showDetails = ({ page }: Seat) => page.getByRole('button', { name: 'Details' }).click()
const confirm = ({ page }: Seat, name: string) => page.getByRole('dialog').getByRole('button', { name, exact: true }).last().click()
const roomOf = async (person: Person, room: string) => (await person.get(`/api/chat/rooms/${room}/`)).body

async function newChat(seat: Seat, kind: string) {
  await seat.page.getByRole('button', { name: 'New chat' }).first().click()
  const dialog = seat.page.getByRole('dialog', { name: 'New chat' })
  await dialog.getByRole('button', { name: kind, exact: true }).click()
  return dialog
}

/** Types what only one of them has, and takes that one when the others are gone. */
async function find(where: Locator, text: string, field = 'Find a person') {
  await where.getByRole('searchbox', { name: field }).fill(text)
  const found = where.locator('.people').last().locator('.entry')
  await until(async () => (await found.count()) === 1)
  await found.click()
}

test('A chat with a person is started from the page, and is the same one for both', async () => {
  const [anna, ben] = await on.chat.newPeople('Anna', 'Ben')
  const [seat, other] = [await on.seat(anna), await on.seat(ben)]
  const dialog = await newChat(seat, 'Person')
  await find(dialog, ben.username)
  await write(seat, 'hello Ben')
  await withState(seat, 'hello Ben', 'sent').waitFor()
  await other.page.locator('.row', { hasText: 'hello Ben' }).click()
  await write(other, 'hello Anna')
  await message(seat, 'hello Anna').waitFor()
  const again = await newChat(other, 'Person')
  await find(again, anna.username)
  await again.waitFor({ state: 'detached' })
  expect((await ben.get('/api/chat/rooms/')).body.count).toBe(1)
  expect([...seat.complaints, ...other.complaints]).toEqual([])
})

test('A group, a task and a property are started from the page', async () => {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  await on.chat.task('Mend the boiler of house 12')
  await on.chat.property('Lakeside cabin 7')
  const seat = await on.seat(anna)
  const group = await newChat(seat, 'Group')
  await group.getByRole('textbox', { name: 'Name of the group' }).fill('The crew')
  for (const person of [ben, cleo]) await find(group, person.username)
  await until(async () => (await group.locator('.chosen li').count()) === 2)
  await group.getByRole('button', { name: 'Start chat' }).click()
  await seat.page.getByRole('heading', { name: 'The crew' }).waitFor()
  await seat.page.getByText('3 people').waitFor()

  const task = await newChat(seat, 'Task')
  await task.getByRole('searchbox', { name: 'Find a task' }).fill('boiler of house 12')
  await task.getByRole('button', { name: 'Mend the boiler of house 12' }).click()
  await task.getByRole('button', { name: 'Start chat' }).click()
  await seat.page.getByRole('heading', { name: 'Task: Mend the boiler of house 12' }).waitFor()

  const property = await newChat(seat, 'Property')
  await property.getByRole('searchbox', { name: 'Find a property' }).fill('Lakeside')
  await property.getByRole('button', { name: 'Lakeside cabin 7' }).click()
  await property.getByRole('button', { name: 'Start chat' }).click()
  await seat.page.getByRole('heading', { name: 'Property: Lakeside cabin 7' }).waitFor()
  const { results } = (await anna.get('/api/chat/rooms/')).body
  expect(results.map(({ room_type }: { room_type: string }) => room_type).sort()).toEqual(['group', 'property', 'task'])
  expect(seat.complaints).toEqual([])
})

test('An admin adds people, makes an admin and removes; everybody sees it live', async () => {
  const [anna, ben, cleo] = await on.chat.newPeople('Anna', 'Ben', 'Cleo')
  const room = await on.chat.group(anna, ben)
  const [hers, his, cleos] = [await on.seat(anna, { at: `#/${room}` }), await on.seat(ben, { at: `#/${room}` }), await on.seat(cleo)]
  await showDetails(hers)
  await showDetails(his)
  await find(panel(hers), cleo.username, 'Add people')
  await panel(his).locator('.person', { hasText: 'Cleo Test' }).waitFor()
  await cleos.page.locator('.row').waitFor()

  await panel(hers).getByRole('button', { name: 'Actions for Ben Test' }).click()
  await hers.page.getByRole('menuitem', { name: 'Make admin' }).click()
  await panel(his).locator('.person', { hasText: 'Ben Test' }).getByText('Admin').waitFor()
  // An admin now, he can remove.
  await panel(his).getByRole('button', { name: 'Actions for Cleo Test' }).click()
  await his.page.getByRole('menuitem', { name: 'Remove from chat' }).click()
  await confirm(his, 'Remove from chat')
  await panel(hers).locator('.person', { hasText: 'Cleo Test' }).waitFor({ state: 'detached' })
  await cleos.page.locator('.row').waitFor({ state: 'detached' })
  expect((await roomOf(anna, room)).participant_count).toBe(2)
})

test('Mute for an hour, until tomorrow and for good; my other devices know, and the title leaves it out', async () => {
  const { seat, room, anna, ben } = await on.opened()
  const phone = await on.seat(anna, { size: { width: 360, height: 740 } })
  await phone.page.locator('.row').waitFor()
  const mine = async () => (await anna.get(`/api/chat/participants/?room=${room}&user=${anna.id}`)).body.results[0]
  await showDetails(seat)
  const hoursLeft = async () => (Date.parse((await mine()).muted_until) - Date.now()) / 3_600_000
  await panel(seat).getByRole('button', { name: '1 hour' }).click()
  await phone.page.locator('.row .muted').waitFor()
  expect(await hoursLeft()).toBeGreaterThan(0.9)
  expect(await hoursLeft()).toBeLessThanOrEqual(1)
  await panel(seat).getByRole('button', { name: 'Unmute' }).click()
  await phone.page.locator('.row .muted').waitFor({ state: 'detached' })
  await panel(seat).getByRole('button', { name: 'Until tomorrow' }).click()
  await until(async () => (await mine()).is_muted)
  const end = await seat.page.evaluate(
    (time) => {
      const [date, tomorrow] = [new Date(time), new Date()]
      tomorrow.setDate(tomorrow.getDate() + 1)
      return [date.toDateString() === tomorrow.toDateString(), date.getHours()]
    },
    (await mine()).muted_until as string,
  )
  expect(end).toEqual([true, 8])
  await panel(seat).getByRole('button', { name: 'Unmute' }).click()
  await panel(seat).getByRole('button', { name: 'For good' }).click()
  await until(async () => (await mine()).is_muted && (await mine()).muted_until === null)
  // Where the room is open it would be read at once.
  await seat.page.close()
  await ben.say(room, 'nobody is disturbed')
  await phone.page.locator('.row .badge.quiet', { hasText: '1' }).waitFor()
  expect(await phone.page.title()).toBe('AriStay Chat')
})

test('Archive and restore: read, not written; found under Archived', async () => {
  const { seat, room, ben } = await on.opened()
  const his = await on.seat(ben, { at: `#/${room}` })
  await ben.say(room, 'to be kept')
  await message(seat, 'to be kept').waitFor()
  await showDetails(seat)
  await panel(seat).getByRole('button', { name: 'Archive' }).click()
  await confirm(seat, 'Archive')
  for (const each of [seat, his]) {
    await each.page.getByText('This chat is archived. It can be read, not written.').waitFor()
    await message(each, 'to be kept').waitFor()
    expect(await composer(each).count()).toBe(0)
  }
  await his.page.getByRole('button', { name: 'Archived', exact: true }).click()
  await his.page.locator('.row', { hasText: 'to be kept' }).waitFor()
  await panel(seat).getByRole('button', { name: 'Restore' }).click()
  for (const each of [seat, his]) await composer(each).waitFor()
  await write(his, 'written again')
  await message(seat, 'written again').waitFor()
})

test('Leave: the room is gone for me, and the others see it; shared files lead to where they were sent', async () => {
  const { seat, room, anna, ben } = await on.opened()
  const his = await on.seat(ben, { at: `#/${room}` })
  const form = new FormData()
  form.set('room', room)
  form.set('attachment', new Blob([new Uint8Array(png)]), 'floor plan.png')
  await anna.post('/api/chat/messages/', form)
  await message(his, 'floor plan.png')
    .or(his.page.getByRole('button', { name: 'Show floor plan.png' }))
    .first()
    .waitFor()
  for (let number = 1; number <= 60; number += 1) await anna.say(room, `message ${number}.`)
  await message(his, 'message 60.').waitFor()
  await showDetails(his)
  await panel(his).getByRole('button', { name: 'floor plan.png' }).click()
  await his.page.getByRole('button', { name: 'Show floor plan.png' }).waitFor()
  await showDetails(seat)
  await panel(his).getByRole('button', { name: 'Leave chat' }).click()
  await confirm(his, 'Leave chat')
  await his.page.locator('.row').waitFor({ state: 'detached' })
  await his.page.getByText('Pick a chat to read it').waitFor()
  await panel(seat).getByText('People · 1').waitFor()
  expect((await ben.get(`/api/chat/rooms/${room}/`)).status).toBe(403)
  expect([...seat.complaints, ...his.complaints]).toEqual([])
})

test('Emoji are found by name, put where the caret is, and come from our own files', async () => {
  const { seat, room, ben } = await on.opened()
  const asked: string[] = []
  seat.page.on('request', (request) => asked.push(new URL(request.url()).origin))
  await composer(seat).fill('well  done')
  await composer(seat).evaluate((area: HTMLTextAreaElement) => area.setSelectionRange(5, 5))
  await seat.page.getByRole('button', { name: 'Emoji' }).click()
  const picker = seat.page.locator('.emoji-picker')
  await picker.getByRole('searchbox').fill('party pop')
  await picker.getByRole('button', { name: 'party popper' }).click()
  await picker.waitFor({ state: 'detached' })
  expect(await composer(seat).inputValue()).toBe('well 🎉 done')
  await composer(seat).press('Enter')
  await until(async () => (await ben.get(`/api/chat/messages/?room=${room}`)).body.results[0]?.content === 'well 🎉 done')

  // By keys alone, and Esc gives the focus back.
  await seat.page.getByRole('button', { name: 'Emoji' }).focus()
  await seat.page.keyboard.press('Enter')
  await picker.getByRole('region', { name: 'Recently used' }).waitFor()
  await seat.page.keyboard.press('ArrowDown')
  await seat.page.keyboard.press('Enter')
  await until(async () => (await composer(seat).inputValue()) === '🎉')
  await seat.page.getByRole('button', { name: 'Emoji' }).click()
  await picker.getByRole('searchbox').waitFor()
  await seat.page.keyboard.press('Escape')
  await picker.waitFor({ state: 'detached' })
  expect(await composer(seat).evaluate((area) => area === document.activeElement)).toBe(true)
  expect([...new Set(asked)]).toEqual([on.chat.url])
  expect(seat.complaints).toEqual([])
})
