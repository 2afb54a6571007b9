import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { defineConfig, type Plugin } from 'vite'
import { shell } from './deploy/shell.ts'

type Emoji = { unicode: string; label: string; tags?: string[]; group?: number; order?: number }

/** `emoji:en` and the like: what the picker shows in that language. Variants of skin, and parts that are no emoji of their own, are left out. */
const emoji: Plugin = {
  name: 'emoji',
  resolveId: (id) => (id.startsWith('emoji:') ? `\0${id}` : undefined),
  load(id) {
    if (!id.startsWith('\0emoji:')) return undefined
    const file = fileURLToPath(import.meta.resolve(`emojibase-data/${id.slice('\0emoji:'.length)}/compact.json`))
    const all: Emoji[] = JSON.parse(readFileSync(file, 'utf8'))
    const rows = all
      .filter(({ group }) => group !== undefined && group !== 2)
      .sort((one, other) => (one.order ?? 0) - (other.order ?? 0))
      .map(({ unicode, label, group, tags = [] }) => [unicode, label, group, tags.join(' ')])
    return `export default ${JSON.stringify(rows)}`
  },
}

/** Scripts whose address others know; the server says that they are asked for anew. */
const stable: Record<string, string> = { embed: 'aristay-chat.js', worker: 'worker.js' }

/** The chatbox: `public/` becomes `public/dist/`, whose files the server serves under /api/chat/. */
export default defineConfig({
  root: new URL('public/', import.meta.url).pathname,
  base: '/api/chat/',
  plugins: [emoji, shell],
  publicDir: false,
  logLevel: 'warn',
  resolve: {
    alias: {
      react: 'preact/compat',
      'react-dom': 'preact/compat',
      'react/jsx-runtime': 'preact/jsx-runtime',
    },
  },
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    emptyOutDir: true,
    // Nothing inline: the page's content policy allows only files of its own.
    assetsInlineLimit: 0,
    // Chunks of the embedded chat are found from where it was loaded, not from the page around it.
    modulePreload: { polyfill: false, resolveDependencies: (_file, chunks, { hostType }) => (hostType === 'html' ? chunks : []) },
    reportCompressedSize: false,
    // virtua says "use client" for frameworks that render on a server.
    rolldownOptions: {
      checks: { moduleLevelDirective: false },
      input: ['index.html', 'embed.ts', 'worker/worker.ts'].map((file) => new URL(`public/${file}`, import.meta.url).pathname),
      output: { entryFileNames: ({ name }) => stable[name] ?? 'assets/[name]-[hash].js' },
    },
  },
})
