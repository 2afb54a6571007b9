import { describe, expect, test } from 'vitest'
import type { Evidence, Seen, Send, StoredMessage, StoredRoom } from './judge/evidence.ts'
import { judge } from './judge/judge.ts'

const room = 'room'

function said(seq: number, more: Partial<StoredMessage> = {}): StoredMessage {
  const usual = { sender: 7, clientId: `c${seq}`, content: `text ${seq}`, isEdited: false, isDeleted: false }
  return { id: `m${seq}`, seq, ...usual, ...more }
}

function sent(seq: number, more: Partial<Send> = {}): Send {
  const answer = { attempts: 1, acks: [{ id: `m${seq}`, seq }], refusal: undefined, mayBeRefused: false }
  return { room, sender: 7, clientId: `c${seq}`, content: `text ${seq}`, ...answer, ...more }
}

const stored = (...messages: StoredMessage[]): StoredRoom => ({ id: room, head: messages.length, messages, events: [] })
const frame = (seq: number): Seen => ({ kind: 'frame', seq, messageId: `m${seq}` })
const opened = (since: number): Seen => ({ kind: 'opened', since })

const three: Evidence = {
  sends: [sent(1), sent(2), sent(3)],
  changes: [],
  rooms: [stored(said(1), said(2), said(3))],
  observers: [],
  states: [],
}

function found(evidence: Partial<Evidence>): string[] {
  return judge({ ...three, ...evidence }).violations.map(({ kind }) => kind)
}
const seeing = (...seen: Seen[]) => found({ observers: [{ observer: 'anna', room, seen }] })

describe('what writers were told', () => {
  test('a run in which all is well has no violation', () => {
    expect(found({})).toEqual([])
  })

  test('an acknowledged message that is not stored is lost', () => {
    expect(found({ rooms: [stored(said(1), said(2))] })).toEqual(['lost'])
  })

  test('an acknowledged message that is stored elsewhere is lost', () => {
    expect(found({ sends: [sent(1), sent(2), sent(3, { acks: [{ id: 'm3', seq: 4 }] })] })).toEqual(['lost'])
  })

  test('a message that is stored twice is doubled', () => {
    expect(found({ rooms: [stored(said(1), said(2), said(3), said(4, { clientId: 'c3' }))] })).toEqual(['doubled'])
  })

  test('a message that was acknowledged as two is doubled', () => {
    const acks = [
      { id: 'm3', seq: 3 },
      { id: 'm4', seq: 4 },
    ]
    expect(found({ sends: [sent(1), sent(2), sent(3, { acks })] })).toEqual(['doubled'])
  })

  test('a content that nobody wrote is a change', () => {
    expect(found({ rooms: [stored(said(1), said(2), said(3, { content: 'else' }))] })).toEqual(['changed'])
  })

  test('an acknowledged edit or deletion must be there at the end', () => {
    const changes = [{ messageId: 'm3', content: 'better' }]
    expect(found({ changes })).toEqual(['changed'])
    expect(found({ changes, rooms: [stored(said(1), said(2), said(3, { content: 'better', isEdited: true }))] })).toEqual([])
    expect(found({ changes: [...changes, { messageId: 'm3', content: undefined }] })).toEqual(['changed'])
  })

  test('a refusal is one, unless the sender may have been removed', () => {
    const refused = { acks: [], refusal: 'not a participant' }
    expect(found({ sends: [sent(1), sent(2), sent(4, refused)] })).toEqual(['refused'])
    expect(found({ sends: [sent(1), sent(2), sent(4, { ...refused, mayBeRefused: true })] })).toEqual([])
  })

  test('a writer who waits for his answers finds his words in order', () => {
    expect(found({ sends: [sent(2), sent(1), sent(3)] })).toEqual(['out of order'])
  })
})

describe('what is stored', () => {
  test('a number that is missing is a hole', () => {
    expect(found({ sends: [], rooms: [{ ...stored(said(1), said(3)), head: 3 }] })).toEqual(['hole', 'hole'])
  })

  test('a number that is there twice is doubled', () => {
    const events = [{ seq: 3, kind: 'room_updated', userId: undefined }]
    expect(found({ rooms: [{ ...stored(said(1), said(2), said(3)), head: 4, events }] })).toEqual(['doubled'])
  })

  test('nobody speaks after his removal, until he is back', () => {
    const removal = (seq: number, kind: string) => ({ seq, kind, userId: 7 })
    const messages = [said(1), said(3)]
    const sends = [sent(1), sent(3)]
    expect(found({ sends, rooms: [{ id: room, head: 3, messages, events: [removal(2, 'participant_removed')] }] })).toEqual([
      'sent after removal',
    ])
    const back = [removal(2, 'participant_removed'), removal(3, 'participant_added')]
    expect(found({ sends: [], rooms: [{ id: room, head: 4, messages: [said(1), said(4)], events: back }] })).toEqual([])
  })
})

describe('what observers saw', () => {
  test('the history from the first to the last, over several sockets', () => {
    expect(seeing(opened(0), frame(1), opened(1), frame(2), frame(3))).toEqual([])
  })

  test('a frame that was stepped over is a hole, and leaves him behind', () => {
    expect(seeing(opened(0), frame(1), frame(3))).toEqual(['hole', 'behind'])
  })

  test('a frame that comes twice is doubled', () => {
    expect(seeing(opened(0), frame(1), frame(2), frame(2), frame(3))).toEqual(['doubled'])
  })

  test('a frame that comes after a later one is out of order', () => {
    expect(seeing(opened(0), frame(2), frame(1))).toEqual(['hole', 'out of order', 'behind'])
  })

  test('a frame that never comes leaves him behind', () => {
    expect(seeing(opened(0), frame(1), frame(2))).toEqual(['behind'])
  })

  test('another message than the stored one is foreign', () => {
    expect(seeing(opened(0), frame(1), frame(2), { kind: 'frame', seq: 3, messageId: 'm9' })).toEqual(['foreign'])
  })

  test('after a resume the history may begin again from there, once', () => {
    const resumed: Seen = { kind: 'resumed', since: 1 }
    expect(seeing(opened(0), frame(1), opened(2), resumed, frame(3), frame(2), frame(3))).toEqual([])
    expect(seeing(opened(0), frame(1), opened(2), resumed, frame(3), frame(2), frame(3), frame(2), frame(3))).toContain('doubled')
  })

  test('a resync is for those who are too far behind', () => {
    expect(seeing(opened(0), frame(1), { kind: 'resync', seq: 3 }, { kind: 'reloaded', seq: 3 })).toEqual(['resync'])
    const far = stored(...Array.from({ length: 6_000 }, (_, index) => said(index + 1)))
    const seen: Seen[] = [opened(0), { kind: 'resync', seq: 6_000 }, { kind: 'reloaded', seq: 6_000 }]
    const verdict = judge({ ...three, rooms: [far], observers: [{ observer: 'anna', room, seen }] })
    expect(verdict).toEqual({ violations: [], resyncs: 1 })
  })

  test('a state that is not that of REST differs, and the place is named', () => {
    const states = [{ observer: 'anna', room, seen: { messages: [{ text: 'a' }] }, fresh: { messages: [{ text: 'b' }] } }]
    expect(judge({ ...three, states }).violations).toMatchObject([{ kind: 'state differs', what: '.messages.0.text is "a", by REST "b"' }])
  })
})
