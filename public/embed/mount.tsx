import { render } from 'preact'
import type { TokenProvider } from '../client/index.ts'
import { createPage } from '../store/page.ts'
import { createInnerPlaces } from '../store/place.ts'
import { createPreferences, type Theme } from '../store/preferences.ts'
import styles from '../style.css?inline'
import { App } from '../views/app.tsx'
import { loadWords } from '../words/languages.ts'

type Options = {
  baseUrl: string
  room: string | undefined
  theme: Theme | undefined
  tokenProvider: TokenProvider
  onUnread: (count: number) => void
}

/** The page in a shadow tree: neither side's styles reach the other. */
export async function mount(host: HTMLElement, { baseUrl, room, theme, tokenProvider, onUnread }: Options) {
  const tree = host.shadowRoot ?? host.attachShadow({ mode: 'open' })
  const sheet = new CSSStyleSheet()
  sheet.replaceSync(styles)
  tree.adoptedStyleSheets = [sheet]
  const preferences = createPreferences()
  const words = await loadWords(preferences.language.peek())
  const places = createInnerPlaces(baseUrl, room)
  const page = createPage({ baseUrl, tokenProvider, preferences, words, root: host, places, onUnread })
  const setTheme = (wanted: Theme | undefined) => {
    preferences.given.value = wanted
  }
  const showRoom = (id: string | undefined) => {
    page.oneRoom.value = id !== undefined
    places.go(id)
  }
  setTheme(theme)
  page.oneRoom.value = room !== undefined

  const box = document.createElement('div')
  box.className = 'page'
  tree.replaceChildren(box)
  render(<App page={page} />, box)
  void page.start()
  return {
    setTheme,
    showRoom,
    close(): void {
      render(null, box)
      void page.client.stop()
    },
  }
}
