import { defineConfig } from 'vite'

/** The chatbox: `public/` becomes `public/dist/`, whose files the server serves under /api/chat/. */
export default defineConfig({
  root: new URL('public/', import.meta.url).pathname,
  base: '/api/chat/',
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
      input: ['index.html', 'embed.ts'].map((file) => new URL(`public/${file}`, import.meta.url).pathname),
      output: { entryFileNames: ({ name }) => (name === 'embed' ? 'aristay-chat.js' : 'assets/[name]-[hash].js') },
    },
  },
})
