/** Why a message could not be sent. `code` is the server's, or `timeout`: no answer in time. */
export type Failure = { code: string; message: string; status: number }

/** A message on its way. Plain JSON, so that any store can keep it. */
export type OutboxEntry = {
  readonly client_id: string
  readonly room_id: string
  /** Whose message it is; null until somebody is known to be signed in. It is never sent in another's name. */
  readonly user_id: number | null
  readonly content: string
  readonly reply_to: string | null
  /** Milliseconds since 1970 when it was written, made strictly rising: the order of sending, also after a reload. */
  readonly position: number
  /** `sent` waits only for its own frame, so that a page can show it until the frame takes its place. */
  readonly status: 'queued' | 'sending' | 'failed' | 'sent'
  readonly failure: Failure | null
  /** An attempt was made whose outcome is not known: the server may have it, so its text under this client_id is fixed. */
  readonly uncertain: boolean
  /** The text it shall have in the end; written as an edit once the first text is known to be stored. */
  readonly amended: string | null
  readonly sent: Sent | null
}

/** Where a message was stored. */
export type Sent = { readonly id: string; readonly seq: number }

/** Keeps the queue over a reload. A page gives IndexedDB; calls come one after the other. */
export interface OutboxStore {
  /** Everything that was put and not deleted, in any order. */
  list(): Promise<OutboxEntry[]>
  put(entry: OutboxEntry): Promise<void>
  delete(clientId: string): Promise<void>
}

export function memoryOutboxStore(): OutboxStore {
  const kept = new Map<string, OutboxEntry>()
  return {
    list: async () => [...kept.values()],
    put: async (entry) => {
      kept.set(entry.client_id, entry)
    },
    delete: async (clientId) => {
      kept.delete(clientId)
    },
  }
}
