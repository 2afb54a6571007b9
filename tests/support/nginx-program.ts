import { spawnSync } from 'node:child_process'

declare module 'vitest' {
  interface ProvidedContext {
    nginx: boolean
  }
}

export function nginxIsThere(): boolean {
  return spawnSync('nginx', ['-v']).status === 0
}
