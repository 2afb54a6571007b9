import { spawn } from 'node:child_process'

/**
 * Stops PostgreSQL when this process dies without a chance to do it itself (kill -9): a shell that waits for the end of its input, which comes with our end.
 * Where there is no shell, the next start stops it. The answer ends the watch.
 */
export function watchOver(pid: number): () => void {
  if (process.platform === 'win32') return () => undefined
  const script = 'read -r _; kill -INT "$1"'
  const watcher = spawn('/bin/sh', ['-c', script, 'sh', String(pid)], { cwd: '/', detached: true, stdio: ['pipe', 'ignore', 'ignore'] })
  watcher.on('error', () => undefined)
  watcher.unref()
  if (watcher.stdin && 'unref' in watcher.stdin && typeof watcher.stdin.unref === 'function') watcher.stdin.unref()
  return () => watcher.kill('SIGKILL')
}
