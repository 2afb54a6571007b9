import { type SQL, sql } from 'drizzle-orm'

/**
 * Where in a room its n-th standing message is, from the oldest, without reading what is before it. Every seq up to the room's head is a standing
 * message or a silent seq: an event, or a message that was deleted. So n messages are reached at seq n + the silent seqs before. These are counted
 * in blocks of 1024 seqs (chat_places), by triggers on what makes a seq silent: an event is written or a message deleted, under the room's lock, in the
 * same transaction. A send makes none and pays nothing; an edit writes an event, and so is counted as one. Blocks are added up to the one that has the
 * n-th message, a thousand rows in a room of a million; inside of it at most 1023 messages are passed over. That
 * bound is said to PostgreSQL too, which would else read and sort all that follow where it believes a room to be short.
 *
 * For a statement with `mine` (`room_id, rank`): one row, whose `seq` is null where there is no such message.
 */
export const placeSql: SQL = sql`
      select (
        select seq from chat_messages where room_id = start.room_id and seq between start.seq and start.seq + 1023 and deleted_at is null
        order by seq offset start.skipped limit 1
      ) as seq
      from (
        select mine.room_id,
          case when mine.rank <= block.upto then block.first_seq else mine.rank + coalesce(block.silent, 0) end as seq,
          case when mine.rank <= block.upto then mine.rank - block.before - 1 else 0 end as skipped
        from mine left join lateral (
          select first_seq, before, silent, first_seq + 1023 - silent as upto from (
            select block * 1024::bigint as first_seq, sum(silent) over (order by block) as silent,
              greatest(block * 1024::bigint - 1, 0) + chat_places.silent - sum(silent) over (order by block) as before
            from chat_places where room_id = mine.room_id
          ) as block
          where before < mine.rank order by first_seq desc limit 1
        ) as block on true
        where mine.rank > 0
      ) as start`
