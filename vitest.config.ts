import { existsSync } from 'node:fs'
import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks', retry: 0, testTimeout: 30_000, hookTimeout: 30_000 } as const

const hasChromium = existsSync(process.env.CHROMIUM ?? '/usr/bin/chromium')
if (!hasChromium)
  process.stderr.write('\n  !! Left out: every suite that needs a browser. Install chromium, or set CHROMIUM to its program.\n\n')

const browser = {
  test: {
    ...shared,
    name: 'browser',
    include: ['tests/browser/**/*.test.ts'],
    globalSetup: ['tests/browser/support/global-setup.ts'],
    maxWorkers: 1,
    sequence: { groupOrder: 2 },
  },
}

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
      {
        // After the others, one file at a time: it measures times, and needs the machine for itself.
        test: { ...shared, name: 'chaos', include: ['tests/chaos/**/*.test.ts'], maxWorkers: 1, sequence: { groupOrder: 1 } },
      },
      ...(hasChromium ? [browser] : []),
    ],
  },
})
