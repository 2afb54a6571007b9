// npm run bench:page: what the chatbox costs in a real browser, against the bars that it has to keep.
import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Page } from 'playwright-core'
import { v7 as uuidv7 } from 'uuid'
import { insertPastRoom } from '../../db/queries/past.ts'
import { openStage, type Stage, stagePassword } from '../../tests/browser/stage/open.ts'
import { drawPicture } from '../../tests/browser/stage/pictures.ts'
import type { Person } from '../../tests/support/person.ts'
import { firstMessageAt, type Journey, scrollToStart, sendAndSee, shiftAtRest, watchFirstMessage } from './measures.ts'

const messages = Number(process.env.MESSAGES ?? 10_000)
const rounds = 15

type Figure = { name: string; value: number; bar: number; unit: string; more?: string }

const stage = await openStage()
try {
  const figures = [...firstPaintBytes(), ...(await measure(stage))]
  for (const { name, value, bar, unit, more = '' } of figures)
    console.log(`${value <= bar ? 'kept  ' : 'MISSED'} ${name.padEnd(52)} ${shown(value)} ${unit} (at most ${bar}) ${more}`)
  if (figures.some(({ value, bar }) => value > bar)) process.exitCode = 1
} finally {
  await stage.close()
}

function shown(value: number): string {
  return value.toFixed(value < 1 ? 4 : 1).padStart(9)
}

/** Every script that the page names: what has to be there before anything is drawn. */
function firstPaintBytes(): Figure[] {
  const folder = fileURLToPath(new URL('../../public/dist/', import.meta.url))
  const html = readFileSync(`${folder}index.html`, 'utf8')
  const scripts = [...html.matchAll(/(?:src|href)="\/api\/chat\/([^"]+\.js)"/g)].map(([, path]) => readFileSync(`${folder}${path}`))
  const bytes = scripts.reduce((sum, script) => sum + gzipSync(script, { level: 9 }).length, 0)
  return [{ name: 'scripts of the first paint, gzip', value: bytes / 1024, bar: 70, unit: 'KB' }]
}

async function measure({ url, db, browser, person }: Stage): Promise<Figure[]> {
  const anna = await person('anna', 'Anna', 'Test')
  const ben = await person('ben', 'Ben', 'Test')
  const long = await longRoom(db, anna, ben)
  const pictures = await roomOfPictures(browser, anna, ben)
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } })
  const page = await context.newPage()
  // tsx gives functions their names by this, also those that run in the page.
  await page.addInitScript('globalThis.__name = (named) => named')
  await page.addInitScript(watchFirstMessage)
  await page.goto(`${url}/api/chat/#/${long}`)
  await page.getByLabel('Username').fill('anna')
  await page.getByLabel('Password', { exact: true }).fill(stagePassword)
  await page.getByRole('button', { name: 'Sign in' }).click()
  await firstMessageAt(page)

  const paints = await repeat(async () => {
    await page.reload({ waitUntil: 'commit' })
    return firstMessageAt(page)
  })
  await page.locator('.composer').waitFor()
  const sends = await repeat((round) => sendAndSee(page, `measured ${round}.`))
  const journey = await scrollToStart(page, 800)
  const shift = await shiftOfPictures(page, pictures)
  return [
    {
      name: 'first paint with cached content, median',
      value: median(paints),
      bar: 300,
      unit: 'ms',
      more: `longest ${shown(Math.max(...paints))}`,
    },
    { name: 'own message painted, longest', value: Math.max(...sends), bar: 50, unit: 'ms', more: `median ${shown(median(sends))}` },
    ...figuresOf(journey),
    { name: 'layout shift while older messages and pictures load', value: shift, bar: 0.02, unit: '' },
  ]
}

function figuresOf({ frames, mostNodes, seconds }: Journey): Figure[] {
  const over = frames.filter((frame) => frame > 50).length
  const more = `${frames.length} frames in ${seconds.toFixed(0)} s, ${over} over 50 ms, median ${shown(median(frames))}`
  return [
    { name: `longest frame while ${messages} messages scroll by`, value: Math.max(...frames), bar: 50, unit: 'ms', more },
    { name: 'message nodes in the page meanwhile', value: mostNodes, bar: 300, unit: '' },
  ]
}

async function repeat(run: (round: number) => Promise<number>): Promise<number[]> {
  const values: number[] = []
  for (let round = 1; round <= rounds; round += 1) values.push(await run(round))
  return values
}

function median(values: readonly number[]): number {
  return values.toSorted((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN
}

/** Two people, a message a minute, of one to six lines. */
async function longRoom(db: Stage['db'], anna: Person, ben: Person): Promise<string> {
  const began = Date.now() - messages * 60_000
  const at = (index: number) => began + index * 60_000
  const sentence = 'The guests of the second floor ask whether they may stay until noon. '
  const id = uuidv7({ msecs: began })
  const read = { count: messages, at: new Date().toISOString() }
  await insertPastRoom(db, {
    room: {
      id,
      name: 'A long story',
      roomType: 'group',
      directKey: null,
      createdById: anna.id,
      createdAt: new Date(began - 1).toISOString(),
    },
    participants: [anna, ben].map(({ id: userId }, index) => ({ userId, isAdmin: index === 0, read })),
    messages: Array.from({ length: messages }, (_, index) => ({
      id: uuidv7({ msecs: at(index) }),
      senderId: (Math.floor(index / 3) % 2 === 0 ? anna : ben).id,
      content: `${index + 1}. ${sentence.repeat(1 + ((index * 7) % 6))}`,
      createdAt: new Date(at(index)).toISOString(),
      replyToId: null,
    })),
  })
  return id
}

/** Ninety messages, every third a picture. */
async function roomOfPictures(browser: Stage['browser'], anna: Person, ben: Person): Promise<string> {
  const bytes = new Uint8Array(await drawPicture(browser, 'garden', 900, 600))
  const room = (await anna.post('/api/chat/rooms/', { room_type: 'group', name: 'Pictures', participant_ids: [ben.id] })).body.id as string
  for (let index = 0; index < 90; index += 1) {
    if (index % 3 > 0) await anna.say(room, `between the pictures, ${index}`)
    else {
      const form = new FormData()
      form.set('room', room)
      form.set('attachment', new Blob([bytes], { type: 'image/jpeg' }), `picture ${index}.jpg`)
      await anna.post('/api/chat/messages/', form)
    }
  }
  return room
}

/** Opens the room and scrolls to its beginning while each picture comes late. */
async function shiftOfPictures(page: Page, room: string): Promise<number> {
  await page.route(/\/attachments\//, async (route) => {
    await new Promise((resolve) => setTimeout(resolve, 150))
    await route.continue()
  })
  await page.evaluate((id) => {
    location.hash = `#/${id}`
  }, room)
  await page.locator('.picture').first().waitFor()
  return shiftAtRest(page, 600)
}
