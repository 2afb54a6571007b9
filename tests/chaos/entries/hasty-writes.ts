import { insertMessages } from '../../../db/queries/sends.ts'
import { announceSent } from '../../../server/actions/messages.ts'
import type { Chat } from '../../../server/chat.ts'
import type { Writes } from '../../../server/writes.ts'

/** Every so many transactions, one never comes to its COMMIT. */
const failsEvery = 5

/** Sabotage: publishes before COMMIT, and so announces what is then not stored. */
export function createHastyWrites({ db, bus }: Pick<Chat, 'db' | 'bus'>): Writes {
  let count = 0
  return {
    send: async (message) => {
      const fails = ++count % failsEvery === 0
      return db.transaction(async (tx) => {
        const [outcome] = await insertMessages(tx, [message])
        if (!outcome) throw new Error('a message without an outcome')
        announceSent({ bus }, [outcome])
        if (fails) throw Object.assign(new Error('the connection was lost before COMMIT'), { code: 'CONNECTION_CLOSED' })
        return outcome
      })
    },
    idle: async () => undefined,
    written: () => count,
  }
}
