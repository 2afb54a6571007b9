import { randomFillSync } from 'node:crypto'
import { v7 as uuidv7 } from 'uuid'

const bytesOfAnId = 16
const pool = new Uint8Array(256 * bytesOfAnId)
let used = pool.length

/** A new UUIDv7 (RFC 9562), of the time now or of `msecs` (milliseconds since 1970). Random bytes are drawn for 256 ids at a time: asking for each cost ten times the rest. */
export function newId(msecs = Date.now()): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  // The generator writes into what it is given.
  const random = pool.slice(used, used + bytesOfAnId)
  used += bytesOfAnId
  return uuidv7({ msecs, random })
}
