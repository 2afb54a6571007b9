import { render } from 'preact'
import { createPage } from './store/page.ts'
import './style.css'
import { App } from './views/app.tsx'

const root = document.getElementById('page')
if (root) {
  const page = createPage({ baseUrl: location.origin })
  render(<App page={page} />, root)
  void page.start()
}
