import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks', retry: 0, testTimeout: 30_000, hookTimeout: 30_000 } as const

/** `npm run test:chaos` and `npm run test:browser` ask for what takes minutes, or a browser. */
const isChaosWanted = process.env.TEST_CHAOS === '1'
const isBrowserWanted = process.env.TEST_BROWSER === '1'
if (isBrowserWanted && !existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium'))
  throw new Error('The browser tests need chromium: install it, or set CHROMIUM to its program.')

const browser = {
  test: {
    ...shared,
    name: 'browser',
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/support/global-setup.ts'],
    maxWorkers: 1,
    sequence: { groupOrder: 2 },
  },
}

/** After the others, one file at a time: it measures times, and needs the machine for itself. */
const chaos = { test: { ...shared, name: 'chaos', include: ['tests/chaos/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } } }

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          ...shared,
          name: 'usual',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/chaos/**', 'tests/browser/**'],
          globalSetup: ['tests/support/global-setup.ts'],
          maxWorkers: 2,
        },
      },
      ...(isChaosWanted ? [chaos] : []),
      ...(isBrowserWanted ? [browser] : []),
    ],
  },
})
