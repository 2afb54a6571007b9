import { sql } from 'drizzle-orm'
import { v7 as uuidv7 } from 'uuid'
import type { Queryable } from '../../db/open.ts'
import type { NewMessage } from '../../db/queries/new-message.ts'

/** People and rooms straight in the database, for what is tested below the actions. */
export function createBareRooms(db: Queryable) {
  return {
    async newUser(): Promise<number> {
      const [user] = await db.execute<{ id: number }>(
        sql`insert into users (username, first_name, password_hash) values (${uuidv7()}, 'Ada', 'none') returning id`,
      )
      if (!user) throw new Error('no user')
      return user.id
    },
    async newRoom(...members: number[]): Promise<string> {
      const id = uuidv7()
      await db.execute(sql`insert into chat_rooms (id, room_type) values (${id}, 'group')`)
      for (const member of members) await db.execute(sql`insert into chat_participants (room_id, user_id) values (${id}, ${member})`)
      return id
    },
  }
}

export function bareMessage(roomId: string, senderId: number, more: Partial<NewMessage> = {}): NewMessage {
  const text = { content: 'hello', messageType: 'text' as const, replyToId: null, attachment: null, clientId: null }
  return { id: uuidv7(), roomId, senderId, ...text, ...more }
}
