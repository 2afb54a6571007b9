import { createHash } from 'node:crypto'
import { basename } from 'node:path'
import type { Plugin, Rolldown } from 'vite'

type Bundle = Rolldown.OutputBundle

/** Tells the page its version, and its worker which files that version consists of. */
export const shell: Plugin = {
  name: 'shell',
  enforce: 'post',
  generateBundle: {
    order: 'post',
    handler(_options, bundle) {
      const [page, worker] = [bundle['index.html'], bundle['worker.js']]
      if (page?.type !== 'asset' || worker?.type !== 'chunk') throw new Error('there is no page, or no worker')
      const html = textOf(page)
      const names = reachedFrom('index.html', bundle)
      const version = createHash('sha256')
        .update([html, ...names].join('\n'))
        .digest('hex')
        .slice(0, 16)
      const files = names.map((name) => `/api/chat/${name}`)
      page.source = html.replace('<head>', `<head>\n    <meta name="version" content="${version}" />`)
      worker.code = worker.code.replace('__SHELL__', () => JSON.stringify({ version, files }))
      if (worker.code.includes('__SHELL__')) throw new Error('the worker asks for its files twice')
    },
  },
}

/** Whatever is named by the page, and by what it names. The parts of the embedded chat alone are not. */
function reachedFrom(first: string, bundle: Bundle): string[] {
  const reached = new Set([first])
  for (const name of reached) {
    const text = textOf(bundle[name])
    for (const other of Object.keys(bundle)) if (other.startsWith('assets/') && text.includes(basename(other))) reached.add(other)
  }
  reached.delete(first)
  return [...reached].sort()
}

function textOf(file: Bundle[string] | undefined): string {
  if (!file) return ''
  return file.type === 'chunk' ? file.code : Buffer.from(file.source).toString()
}
