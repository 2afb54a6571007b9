/** Run as a process of its own: holds the embedded PostgreSQL of the folder in its argument until its input ends. Says where it is, or why not. */
import { openEmbeddedPostgres } from '../../db/embedded.ts'
import { StartError } from '../../db/start-error.ts'

try {
  const server = await openEmbeddedPostgres({ dataDir: process.argv[2] ?? '' })
  process.stdout.write(`${JSON.stringify({ url: server.url })}\n`)
  process.stdin.resume().once('end', () => server.close())
} catch (error) {
  if (!(error instanceof StartError)) throw error
  process.stdout.write(`${JSON.stringify({ refused: error.message })}\n`)
}
