import { render } from 'preact'
import { keepPage } from './keep-page.ts'
import { createPage } from './store/page.ts'
import { createPreferences } from './store/preferences.ts'
import './style.css'
import { App } from './views/app.tsx'
import { loadWords } from './words/languages.ts'

const place = document.getElementById('page')
if (place) {
  const preferences = createPreferences()
  const words = await loadWords(preferences.language.peek())
  const page = createPage({ baseUrl: location.origin, preferences, words, root: document.documentElement })
  render(<App page={page} />, place)
  void page.start()
  keepPage()
}
