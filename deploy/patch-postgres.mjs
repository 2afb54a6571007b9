// postgres 3.4.9 does not survive the loss of a connection in a transaction (porsager/postgres #1154, #1168, #1208): what it writes afterwards ends the
// process; what it had not yet written blocks the connection that follows, for ever; and a statement left over takes the answers of the next ones. Runs after
// every install and before every npm script, with nothing but Node's own modules. It goes when a release of postgres has the repairs.
import { readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const source = join(dirname(dirname(fileURLToPath(import.meta.url))), 'node_modules', 'postgres', 'src')

const repairs = [
  {
    file: 'connection.js',
    // A write that was put off until after the connection had closed.
    from: '  function nextWrite(fn) {\n    const x',
    to: "  function nextWrite(fn) {\n    if (socket === null) {\n      chunk = nextWriteTimer = null\n      error(Errors.connection('CONNECTION_CLOSED', options, socket))\n      return true\n    }\n    const x",
  },
  {
    file: 'connection.js',
    // Nothing of a closed connection is left for the next one: no bytes, no statements.
    from: "    socket = null\n\n    if (initial)\n      return reconnect()\n\n    !hadError && (query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))\n",
    to: "    socket = null\n    chunk = nextWriteTimer = null\n\n    if (initial)\n      return reconnect()\n\n    ;(query || sent.length) && error(Errors.connection('CONNECTION_CLOSED', options, socket))\n    query = results = errorResponse = null\n    result = new Result()\n",
  },
  {
    file: 'connection.js',
    // Lost before its first statement: the statement is tried again, and nobody waits for the types.
    from: '        return fetchArrayTypes()\n',
    to: '        return fetchArrayTypes().catch(() => {})\n',
  },
  {
    file: 'index.js',
    // What a transaction still says after its connection is gone must not be said on the connection that follows: no rollback, and no statement either.
    from: '        new Promise((_, reject) => connection.onclose = reject)\n',
    to: '        new Promise((_, reject) => connection.onclose = e => (lost = e, reject(e)))\n',
  },
  {
    file: 'index.js',
    from: '      , connection\n      , prepare = null\n\n    try {\n      await sql.unsafe',
    to: '      , connection\n      , lost = null\n      , prepare = null\n\n    try {\n      await sql.unsafe',
  },
  {
    file: 'index.js',
    from: '        q.catch(e => uncaughtError || (uncaughtError = e))\n        c.queue',
    to: '        q.catch(e => uncaughtError || (uncaughtError = e))\n        if (lost)\n          return q.reject(lost)\n        c.queue',
  },
]

for (const { file, from, to } of repairs) {
  const path = join(source, file)
  const text = readFileSync(path, 'utf8')
  if (text.includes(to)) continue
  if (!text.includes(from))
    throw new Error(`deploy/patch-postgres.mjs does not fit this version of postgres (${file}): look whether it is still needed.`)
  writeFileSync(
    path,
    text.replace(from, () => to),
  )
}
