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
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // virtua says "use client" for frameworks that render on a server.
    rolldownOptions: { checks: { moduleLevelDirective: false } },
  },
})
