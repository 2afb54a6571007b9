/** Everything that a run wrote down, as the judge gets it. */
export type Evidence = {
  sends: readonly Send[]
  changes: readonly MessageChange[]
  rooms: readonly StoredRoom[]
  observers: readonly ObserverLog[]
  states: readonly ComparedState[]
}

/** A message that a writer wanted to be stored. It was asked for again and again with its `clientId`, until an answer was definite. */
export type Send = {
  room: string
  sender: number
  clientId: string
  content: string
  attempts: number
  /** Every acknowledgement; a repetition is acknowledged again. */
  acks: { id: string; seq: number }[]
  /** Why it was refused for good. */
  refusal: string | undefined
  /** Sent by somebody who may have been removed: both answers are right. */
  mayBeRefused: boolean
}

/** An edit or deletion that was acknowledged, in the order of acknowledgement. `content` undefined: deleted. */
export type MessageChange = { messageId: string; content: string | undefined }

/** A room as the database has it at the end. */
export type StoredRoom = {
  id: string
  head: number
  messages: readonly StoredMessage[]
  events: readonly StoredEvent[]
}
export type StoredMessage = {
  id: string
  seq: number
  sender: number
  clientId: string
  content: string
  isEdited: boolean
  isDeleted: boolean
}
export type StoredEvent = { seq: number; kind: string; userId: number | undefined }

/** What one observer saw of one room, in the order in which it happened to him. */
export type ObserverLog = { observer: string; room: string; seen: readonly Seen[] }
export type Seen =
  /** A socket is open, and goes on after `since`. */
  | { kind: 'opened'; since: number }
  /** On the socket of all rooms: asked for what follows `since`. */
  | { kind: 'resumed'; since: number }
  | { kind: 'frame'; seq: number; messageId: string | undefined }
  /** Told to reload, and to go on from `seq`. */
  | { kind: 'resync'; seq: number }
  /** Has reloaded by REST; the state was that of `seq`. */
  | { kind: 'reloaded'; seq: number }

/** An observer's state at the end and a fresh one by REST, as JSON. */
export type ComparedState = { observer: string; room: string; seen: unknown; fresh: unknown }

export type ViolationKind =
  | 'lost'
  | 'doubled'
  | 'changed'
  | 'refused'
  | 'out of order'
  | 'hole'
  | 'resync'
  | 'behind'
  | 'foreign'
  | 'state differs'
  | 'sent after removal'
export type Violation = { kind: ViolationKind; where: string; what: string }
