import { defineConfig } from 'vitest/config'

const shared = { pool: 'forks', retry: 0, testTimeout: 30_000, hookTimeout: 30_000 } as const

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
    ],
  },
})
