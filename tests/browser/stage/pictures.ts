import type { Browser } from 'playwright-core'

/** Small landscapes, drawn by the browser: photos that nobody has to ship. */
const scenes = {
  terrace: ['#f8c58b', '#e8795a', '#2c6e8f', '#16425b'],
  garden: ['#bfe3f2', '#e9f5ec', '#5a9367', '#2f5d46'],
  night: ['#101a3c', '#3b2f63', '#1b3a57', '#0b1f33'],
} as const
export type Scene = keyof typeof scenes

export async function drawPicture(browser: Browser, scene: Scene, width: number, height: number): Promise<Buffer> {
  const [sky, glow, sea, land] = scenes[scene]
  const page = await browser.newPage({ viewport: { width, height } })
  await page.setContent(`<style>body{margin:0}</style><svg width="${width}" height="${height}" viewBox="0 0 1200 800" preserveAspectRatio="xMidYMid slice">
    <defs><linearGradient id="sky" x2="0" y2="1"><stop stop-color="${sky}"/><stop offset="1" stop-color="${glow}"/></linearGradient>
    <linearGradient id="sea" x2="0" y2="1"><stop stop-color="${sea}"/><stop offset="1" stop-color="${land}"/></linearGradient></defs>
    <rect width="1200" height="520" fill="url(#sky)"/><circle cx="820" cy="330" r="86" fill="#fff3d6" opacity=".85"/>
    <path d="M0 470 Q170 330 330 430 T640 410 T940 440 T1200 380 V560 H0Z" fill="${land}" opacity=".55"/>
    <rect y="500" width="1200" height="300" fill="url(#sea)"/>
    <path d="M690 520h260M730 556h180M770 600h110" stroke="#fff3d6" stroke-width="9" stroke-linecap="round" opacity=".45"/>
    <path d="M0 800V610Q230 560 420 660T760 740L800 800Z" fill="${land}"/>
    <path d="M150 640V470l120-84 120 84v190Z" fill="#f7f3ea"/><path d="M128 482l142-104 142 104" stroke="#9b4a2f" stroke-width="22" fill="none" stroke-linejoin="round"/>
    <rect x="196" y="500" width="52" height="60" rx="5" fill="${sea}"/><rect x="292" y="500" width="52" height="60" rx="5" fill="${sea}"/><rect x="246" y="584" width="48" height="66" rx="5" fill="#9b4a2f"/>
  </svg>`)
  const picture = await page.screenshot({ type: 'jpeg', quality: 82 })
  await page.close()
  return picture
}
