import { spawnSync } from 'node:child_process'

declare module 'vitest' {
  interface ProvidedContext {
    redis: boolean
  }
}

/** Whether there can be a Redis: one that runs, or a program to start. */
export function redisIsThere(): boolean {
  return Boolean(process.env.REDIS_URL) || spawnSync('redis-server', ['--version']).status === 0
}
