import { v7 as uuidv7 } from 'uuid'
import { insertProperty, insertTask } from '../../../db/queries/directory.ts'
import { insertPastRoom } from '../../../db/queries/past.ts'
import type { Person } from '../../support/person.ts'
import { pdf } from '../../support/sample-files.ts'
import type { Stage } from './open.ts'
import { drawPicture } from './pictures.ts'

type Line = [Person, number, string]
type Team = Awaited<ReturnType<typeof gatherTeam>>

export async function gatherTeam({ person }: Stage) {
  return {
    alice: await person('alice', 'Alice', 'Nguyen'),
    bob: await person('bob', 'Bob', 'Smith'),
    carol: await person('carol', 'Carol', 'Okafor'),
    dave: await person('dave', 'Dave', 'Larsen'),
    layla: await person('layla', 'ليلى', 'حداد'),
    phuong: await person('phuong', 'Phương', 'Trần Thị'),
    max: await person('maximiliane', 'Maximiliane-Theodora', 'von und zu Hohenberg-Villanueva'),
  }
}

/** What a small company talks about in two days: every kind of room and message, short and long names, two directions of writing. */
export async function fillStage(stage: Stage, team: Team) {
  const { alice, bob, carol, dave, layla, phuong, max } = team
  const turnover = await pastRoom(stage, 'Ocean View turnover', [alice, bob, carol, max], linesOfTurnover(team))
  const direct = await pastRoom(
    stage,
    '',
    [alice, bob],
    [
      [alice, 1_570, 'Morning Bob, did the linen for Ocean View arrive?'],
      [bob, 1_562, 'Yes, two bags. I left them in the hall cupboard.'],
      [alice, 92, 'Perfect, thank you!'],
    ],
  )
  const arabic = await pastRoom(
    stage,
    '',
    [alice, layla],
    [
      [layla, 300, 'صباح الخير يا أليس، وصل الضيوف إلى الشقة رقم 12 قبل الموعد بساعة.'],
      [alice, 296, 'Thank you Layla! Is the flat ready for them?'],
      [layla, 290, 'نعم، كل شيء جاهز. المفتاح عند البواب، وسأعود إليهم في الساعة 18:00 (https://example.com/12).'],
      [layla, 288, 'سؤال واحد: هل نقدّم لهم late check-out يوم الأحد؟'],
    ],
  )
  await pastRoom(
    stage,
    '',
    [alice, max],
    [[max, 2_000, 'The owner of the lake house asks for the invoices of last quarter, all of them, by Friday.']],
  )
  await pastRoom(
    stage,
    'Night shift and everything that has to be handed over before seven in the morning',
    [alice, dave, phuong],
    [
      [phuong, 700, 'Chìa khóa phòng 4 đã trả. Máy lạnh phòng 7 vẫn kêu to.'],
      [dave, 690, 'On it.'],
    ],
  )
  const quiet = await pastRoom(
    stage,
    'Weekend football',
    [alice, dave, bob],
    [
      [dave, 500, 'Sunday at ten, who is in?'],
      [bob, 490, 'Me!'],
    ],
  )
  const task = await roomAbout(alice, { room_type: 'task', task: await insertTask(stage.db, 'Deep clean, flat 4B') }, carol)
  await carol.say(task, 'Oven and fridge are done, I start with the bathroom at two.')
  const property = await roomAbout(alice, { room_type: 'property', property: await insertProperty(stage.db, 'Lake House') }, bob)
  await alice.say(property, 'New door code from Monday on. I will send it to the guests.')
  const archived = await pastRoom(stage, 'Summer season', [alice, bob], [[bob, 9_000, 'That was a good one. See you in May!']])
  await alice.post(`/api/chat/rooms/${archived}/archive/`)
  await mute(alice, quiet)
  for (const text of ['Shall I bring the ball?', 'And who has the keys of the gym?']) await bob.say(quiet, text)
  await bob.say(direct, 'The boiler is fixed, hot water is back.')
  await bob.say(direct, 'One key card no longer opens the garage. Shall I order another?')
  await livelyEnd(stage, team, turnover)
  return { turnover, direct, arabic, task, property, archived }
}

function linesOfTurnover({ alice, bob, carol, max }: Team): Line[] {
  return [
    [alice, 2_900, 'This is where we plan the turnover of Ocean View.'],
    [carol, 2_884, 'I can do the deep clean on Thursday morning.'],
    [bob, 2_879, 'Then I come after lunch for the windows and the balcony.'],
    [alice, 2_876, 'Great, thank you both.'],
    [max, 1_500, 'The guests asked for a cot and a high chair. Both are in the cellar of number 9; the key hangs behind the reception.'],
    [alice, 1_495, 'Noted.'],
    [carol, 240, 'Kitchen and bathrooms are done. We are out of dishwasher tablets.'],
    [carol, 239, 'And the light above the mirror flickers again.'],
    [bob, 236, 'I will bring some, and a new lamp. List so far:\n• tablets\n• lamp E14\n• two key rings'],
    [alice, 120, 'Instructions for the heat pump: https://aristay.example/manuals/heat-pump?lang=en'],
  ]
}

/** What only a person who is here now can do: photos, a file, an answer, an edit, a deletion. */
async function livelyEnd({ browser }: Stage, { alice, bob, carol, max }: Team, room: string): Promise<void> {
  await sendFile(
    carol,
    room,
    'terrace-after-cleaning.jpg',
    'image/jpeg',
    await drawPicture(browser, 'terrace', 1200, 800),
    'All rooms done. The terrace too.',
  )
  await sendFile(carol, room, 'garden.jpg', 'image/jpeg', await drawPicture(browser, 'garden', 700, 1000), '')
  const question = await alice.say(room, 'Beautiful! Who lets the gardener in tomorrow?')
  await bob.say(room, 'I do, I am there from eight.', { reply_to: question.id })
  const wrong = await bob.say(room, 'Wrong chat, sorry')
  await bob.delete(`/api/chat/messages/${wrong.id}/`)
  await sendFile(max, room, 'Handover checklist and inventory of Ocean View, autumn and winter.pdf', 'application/pdf', pdf, '')
  const edited = await alice.say(room, 'Then we are ready for Friday 🎉')
  await alice.patch(`/api/chat/messages/${edited.id}/`, { content: 'Then we are ready for Friday at four 🎉' })
  const head = (await bob.get(`/api/chat/messages/?room=${room}&page_size=1`)).body.results[0]
  for (const reader of [bob, carol]) await reader.post(`/api/chat/messages/${head.id}/mark_read/`)
}

async function pastRoom({ db }: Stage, name: string, members: Person[], lines: Line[]): Promise<string> {
  const at = (minutesAgo: number) => new Date(Date.now() - minutesAgo * 60_000)
  const begin = at((lines[0]?.[1] ?? 0) + 1)
  const end = at(lines.at(-1)?.[1] ?? 0).toISOString()
  const ids = members.map(({ id }) => id)
  const directKey = name ? null : ids.toSorted((one, other) => one - other).join(':')
  const id = uuidv7({ msecs: begin.getTime() })
  await insertPastRoom(db, {
    room: { id, name, roomType: name ? 'group' : 'direct', directKey, createdById: ids[0], createdAt: begin.toISOString() },
    participants: ids.map((userId, index) => ({ userId, isAdmin: index === 0, read: { count: lines.length, at: end } })),
    messages: lines.map(([sender, minutesAgo, content]) => ({
      ...{ id: uuidv7({ msecs: at(minutesAgo).getTime() }), senderId: sender.id, content, replyToId: null },
      createdAt: at(minutesAgo).toISOString(),
    })),
  })
  return id
}

async function roomAbout(admin: Person, about: object, member: Person): Promise<string> {
  return (await admin.post('/api/chat/rooms/', { ...about, participant_ids: [member.id] })).body.id
}

async function mute(person: Person, room: string): Promise<void> {
  const { body } = await person.get(`/api/chat/participants/?room=${room}&user=${person.id}`)
  await person.post(`/api/chat/participants/${body.results[0].id}/mute/`, { muted: true })
}

async function sendFile(sender: Person, room: string, name: string, type: string, bytes: Buffer, content: string): Promise<void> {
  const form = new FormData()
  form.set('room', room)
  form.set('content', content)
  form.set('attachment', new Blob([new Uint8Array(bytes)], { type }), name)
  const { status, body } = await sender.post('/api/chat/messages/', form)
  if (status !== 201) throw new Error(`${name} was not sent: ${JSON.stringify(body)}`)
}
