import { expect, test } from 'vitest'
import { jpeg, pdf } from '../support/sample-files.ts'
import { message, type Seat } from './support/browser.ts'
import { stage } from './support/stage.ts'

const on = stage()

const tricks = [
  '<script>window.hit = 1</script>',
  '<img src=x onerror="window.hit = 1">',
  '<svg onload="window.hit = 1"><animate onbegin="window.hit = 1" attributeName=x></svg>',
  '"><iframe srcdoc="<script>parent.hit = 1</script>"></iframe>',
  "'-alert(1)-' {{constructor.constructor('window.hit=1')()}} #{window.hit=1}",
  '<a href="javascript:window.hit=1">go</a> [go](javascript:window.hit=1) javascript:window.hit=1',
  '<style>*{display:none}</style><base href="https://evil.example/"><meta http-equiv=refresh content="0;url=https://evil.example/">',
  '<math><mtext><table><mglyph><style><img src=x onerror=window.hit=1>',
  '&lt;b&gt; &#60;img src=x onerror=window.hit=1&#62; \\u003cscript\\u003e %3Cscript%3E',
  '<form action=https://evil.example><button>free money</button></form>',
]

/** Elements that only a trick could have made, and whether one of them ran. */
const harm = ({ page }: Seat) =>
  page.evaluate(() => ({
    hit: 'hit' in window,
    elements: [
      ...document.querySelectorAll(
        '.chat :is(script, iframe, style, base, meta, form:not(.composer, .rename), math, animate, [onerror], [onload])',
      ),
    ].map(({ outerHTML }) => outerHTML),
    links: [...document.querySelectorAll<HTMLAnchorElement>('.chat a')].map(({ href }) => href).filter((href) => !/^https?:/.test(href)),
  }))
const unharmed = { hit: false, elements: [], links: [] }

/** Reports of the content policy, also those that nobody writes to the console. */
async function watchPolicy({ page }: Seat): Promise<() => Promise<string[]>> {
  await page.evaluate(() => {
    const reports: string[] = []
    document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
      reports.push(`${violatedDirective} ${blockedURI}`),
    )
    Object.assign(window, { reports })
  })
  return () => page.evaluate(() => (window as unknown as { reports: string[] }).reports)
}

test('40 Every trick with markup shows as text: as message, quote, room name, user name and file name', { timeout: 60_000 }, async () => {
  const { anna, ben, room } = await on.group()
  const trickster = await on.chat.person(`trick-${Date.now()}`, {
    firstName: '<img src=x onerror="window.hit = 1">',
    lastName: '<b>Bold</b>',
  })
  await anna.post('/api/chat/participants/', { room, user: trickster.id })
  await anna.patch(`/api/chat/rooms/${room}/`, { name: '<h1 onclick=alert(1)>House</h1>' })
  const said = []
  for (const trick of tricks) said.push(await trickster.say(room, trick))
  await ben.say(room, 'What is that?', { reply_to: said[1].id })
  for (const [name, type, bytes] of [
    ['<img src=x onerror=window.hit=1>.jpg', 'image/jpeg', jpeg],
    ['"><script>window.hit=1<.pdf', 'application/pdf', pdf],
  ] as const) {
    const form = new FormData()
    form.set('room', room)
    form.set('attachment', new Blob([new Uint8Array(bytes)], { type }), name)
    expect((await trickster.post('/api/chat/messages/', form)).status).toBe(201)
  }
  await anna.post(`/api/chat/rooms/${room}/mark_read/`)
  // High enough for the whole conversation: what is scrolled away is not drawn.
  const seat = await on.seat(anna, { size: { width: 1280, height: 2_400 } })
  const { page } = seat
  const reports = await watchPolicy(seat)
  await page.locator('.row', { hasText: '<h1 onclick=alert(1)>House</h1>' }).click()
  await page.locator('.quote', { hasText: tricks[1] }).waitFor()
  for (const trick of tricks) await message(seat, trick).first().waitFor()
  await page.locator('.sender', { hasText: '<img src=x onerror="window.hit = 1"> <b>Bold</b>' }).first().waitFor()
  expect(await harm(seat)).toEqual(unharmed)

  await page.getByRole('button', { name: 'Details' }).click()
  await page.locator('.details .person', { hasText: '<b>Bold</b>' }).waitFor()
  await page.locator('.details .entry').first().waitFor()
  await page.getByRole('button', { name: 'Search in this chat' }).click()
  await page.getByRole('searchbox', { name: 'Search messages' }).fill('script')
  await page.locator('.hit', { hasText: tricks[0] }).first().waitFor()
  await page.locator('.picture').first().click()
  await page.getByRole('dialog').waitFor()
  expect(await harm(seat)).toEqual(unharmed)
  expect([await reports(), seat.complaints]).toEqual([[], []])
})

test('40 The page’s policy is in force: nothing inline runs, and text never becomes markup', async () => {
  const { anna } = await on.group()
  const { page } = await on.seat(anna)
  const refused = await page.evaluate(() => {
    try {
      document.createElement('div').innerHTML = '<b>bold</b>'
      return false
    } catch (error) {
      return error instanceof TypeError
    }
  })
  expect(refused).toBe(true)
  const policy = (await page.request.get(page.url())).headers()['content-security-policy'] ?? ''
  expect(policy).toContain("default-src 'self'")
  expect(policy).toContain("require-trusted-types-for 'script'")
  expect(policy).not.toMatch(/unsafe|\*|https?:/)
})
