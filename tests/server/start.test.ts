import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { makeFolder } from '../../db/make-folder.ts'
import { explainStart } from '../../server/start.ts'
import { createFolder } from '../support/folder.ts'

/** The error of something that does not work. */
async function errorOf(attempt: Promise<unknown>): Promise<unknown> {
  return attempt.then(
    () => expect.unreachable('it worked'),
    (error: unknown) => error,
  )
}

function listen(port: number): Promise<number> {
  const server = createServer()
  onTestFinished(() => void server.close())
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port))
  })
}

test('a port that is taken is one sentence', async () => {
  const port = await listen(0)
  const error = await errorOf(listen(port))
  expect(explainStart(error)).toBe(`Port ${port} is taken by another program. Set PORT to a free one.`)
})

test('a missing file, a file that cannot be opened and a folder that cannot be made are told apart', async () => {
  await using folder = await createFolder()
  const [missing, inTheWay] = [join(folder.path, 'missing'), join(folder.path, 'file')]
  await writeFile(inTheWay, '')
  await mkdir(join(folder.path, 'folder'))
  expect(explainStart(await errorOf(readFile(missing)))).toBe(`The file ${missing} is missing.`)
  const below = join(inTheWay, 'below')
  expect(explainStart(await errorOf(readFile(below)))).toBe(`The file ${below} cannot be opened.`)
  expect(explainStart(await errorOf(makeFolder(below)))).toBe(`The folder ${below} cannot be made or written.`)
})

test('what nobody foresaw keeps its stack, for whoever mends it', () => {
  expect(explainStart(new TypeError('a bug'))).toMatch(/^TypeError: a bug\n +at /)
})
