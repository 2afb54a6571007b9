import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

const root = new URL('../../', import.meta.url)

test.each(['README.md', 'docs/ARCHITECTURE.md', 'docs/CHAT_API.md'])('every link of %s leads somewhere', (path) => {
  const page = new URL(path, root)
  const text = readFileSync(page, 'utf8')
  const targets = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  const headings = [...text.matchAll(/^#+ (.+)$/gm)].map(
    ([, heading = '']) =>
      `#${heading
        .toLowerCase()
        .replaceAll(/[^\w\s-]/g, '')
        .replaceAll(' ', '-')}`,
  )
  expect(targets.length).toBeGreaterThan(0)
  const broken = targets.filter((target) => (target.startsWith('#') ? !headings.includes(target) : !existsSync(new URL(target, page))))
  expect(broken).toEqual([])
})
