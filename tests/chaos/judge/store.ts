import type { MessageChange, Send, StoredMessage, StoredRoom, Violation } from './evidence.ts'

type Stored = ReadonlyMap<string, readonly StoredMessage[]>

/** What is stored against what writers were told. */
export function judgeSends(sends: readonly Send[], rooms: readonly StoredRoom[], changes: readonly MessageChange[]): Violation[] {
  const stored = byClientId(rooms)
  const finalContents = new Map(changes.map(({ messageId, content }) => [messageId, content]))
  return sends.flatMap((send) => judgeSend(send, stored, finalContents))
}

/** A room's history has every number once; nobody speaks in it after his removal. */
export function judgeHistory(room: StoredRoom): Violation[] {
  const violations: Violation[] = []
  const blame = (kind: Violation['kind'], what: string) => violations.push({ kind, where: room.id, what })
  const removed = new Set<number>()
  const said = room.messages.map(({ seq, sender }) => ({ seq, kind: 'message', userId: sender }))
  const history = [...said, ...room.events].sort((one, other) => one.seq - other.seq)
  for (const [index, { seq, kind, userId = 0 }] of history.entries()) {
    if (seq !== index + 1) {
      blame(seq > index + 1 ? 'hole' : 'doubled', `the ${index + 1}th change has the number ${seq}`)
      break
    }
    if (kind === 'participant_removed') removed.add(userId)
    if (kind === 'participant_added') removed.delete(userId)
    if (kind === 'message' && removed.has(userId)) blame('sent after removal', `user ${userId} at ${seq}`)
  }
  if (history.length !== room.head) blame('hole', `the head is ${room.head} after ${history.length} changes`)
  return violations
}

function judgeSend(send: Send, stored: Stored, finalContents: ReadonlyMap<string, string | undefined>): Violation[] {
  const where = `${send.clientId} of ${send.sender} in ${send.room}`
  const copies = stored.get(keyOf(send.room, send.sender, send.clientId)) ?? []
  const [ack] = send.acks
  const found: Violation[] = []
  const blame = (kind: Violation['kind'], what: string) => found.push({ kind, where, what })
  if (copies.length > 1) blame('doubled', `is stored ${copies.length} times`)
  if (send.acks.some(({ id, seq }) => id !== ack?.id || seq !== ack.seq)) blame('doubled', 'was acknowledged as two messages')
  if (send.refusal !== undefined && !send.mayBeRefused) blame('refused', send.refusal)
  if (!ack) return found
  const copy = copies.find(({ id, seq }) => id === ack.id && seq === ack.seq)
  if (!copy) blame('lost', `was acknowledged with seq ${ack.seq}`)
  else if (!isAsLeft(copy, send, finalContents)) blame('changed', 'has another content than it was given')
  return found
}

/** A change whose answer never came may have been done, too: a message that nobody was told had changed has its first content, or is marked. */
function isAsLeft(copy: StoredMessage, send: Send, finalContents: ReadonlyMap<string, string | undefined>): boolean {
  if (!finalContents.has(copy.id)) return copy.isEdited || copy.isDeleted || copy.content === send.content
  const content = finalContents.get(copy.id)
  return content === undefined ? copy.isDeleted : copy.isEdited && !copy.isDeleted && copy.content === content
}

/** Who waits for each answer before he says the next finds his words in that order. */
export function judgeWriters(sends: readonly Send[]): Violation[] {
  const last = new Map<string, number>()
  return sends.flatMap(({ room, sender, clientId, acks: [ack] }): Violation[] => {
    if (!ack) return []
    const writer = `${room} ${sender}`
    const before = last.get(writer) ?? 0
    last.set(writer, ack.seq)
    if (ack.seq > before) return []
    return [{ kind: 'out of order', where: `${clientId} of ${sender} in ${room}`, what: `has ${ack.seq}, the one before it ${before}` }]
  })
}

function byClientId(rooms: readonly StoredRoom[]): Stored {
  const stored = new Map<string, StoredMessage[]>()
  for (const room of rooms) {
    for (const message of room.messages) {
      const key = keyOf(room.id, message.sender, message.clientId)
      stored.set(key, [...(stored.get(key) ?? []), message])
    }
  }
  return stored
}

function keyOf(room: string, sender: number, clientId: string): string {
  return `${room} ${sender} ${clientId}`
}
