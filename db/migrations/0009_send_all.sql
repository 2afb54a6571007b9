-- First, and one right after the other, so that hardly anybody who holds one of them comes to wait for another meanwhile. If so, PostgreSQL refuses one of the two, and that one can be repeated.
LOCK TABLE "chat_rooms", "chat_messages", "users" IN ACCESS EXCLUSIVE MODE;
--> statement-breakpoint
-- PostgreSQL reads a table's checks anew for every statement that writes to it, and these were most of what a send paid for the room's.
ALTER TABLE "chat_rooms" DROP CONSTRAINT "chat_rooms_room_type";--> statement-breakpoint
ALTER TABLE "chat_rooms" DROP CONSTRAINT "chat_rooms_direct";--> statement-breakpoint
ALTER TABLE "chat_rooms" DROP CONSTRAINT "chat_rooms_archived";--> statement-breakpoint
CREATE FUNCTION chat_check_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.room_type IN ('direct', 'group', 'task', 'property')
    AND (NEW.room_type = 'direct') = (NEW.direct_key IS NOT NULL)
    AND NEW.is_active = (NEW.archived_at IS NULL)
  THEN RETURN NULL;
  END IF;
  RAISE check_violation USING MESSAGE = 'the room''s type, direct key or archiving do not fit each other', TABLE = TG_TABLE_NAME, CONSTRAINT = TG_NAME;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER chat_rooms_checked AFTER INSERT OR UPDATE OF room_type, direct_key, is_active, archived_at ON chat_rooms
FOR EACH ROW EXECUTE FUNCTION chat_check_room();
--> statement-breakpoint
ALTER TABLE "chat_messages" DROP CONSTRAINT "chat_messages_room_id_chat_rooms_id_fk";
--> statement-breakpoint
ALTER TABLE "chat_messages" DROP CONSTRAINT "chat_messages_sender_id_users_id_fk";
--> statement-breakpoint
CREATE FUNCTION chat_remove_messages() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM chat_messages WHERE chat_messages.room_id = OLD.id;
  RETURN NULL;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER chat_rooms_removed AFTER DELETE ON chat_rooms FOR EACH ROW EXECUTE FUNCTION chat_remove_messages();
--> statement-breakpoint
-- A message that is being sent at that very moment keeps his number. Nobody ever gets it again, so it is nobody's as well.
CREATE FUNCTION chat_forget_sender() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE chat_messages SET sender_id = NULL WHERE chat_messages.sender_id = OLD.id;
  RETURN NULL;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER users_removed AFTER DELETE ON users FOR EACH ROW EXECUTE FUNCTION chat_forget_sender();
--> statement-breakpoint
CREATE FUNCTION chat_require_all(done bigint, asked integer) RETURNS boolean STABLE LANGUAGE plpgsql AS $$
BEGIN
  IF done = asked THEN RETURN true; END IF;
  RAISE SQLSTATE 'ARS01';
END;
$$;
--> statement-breakpoint
-- A type of its own: the columns of a RETURNS TABLE would be looked up and unpacked at every call.
CREATE TYPE chat_sent AS (
  id uuid,
  seq bigint,
  created_at timestamptz,
  sender_username text,
  sender_first_name text,
  sender_last_name text,
  sender_email text,
  quote_id uuid,
  quote_sender_id integer,
  quote_sender_username text,
  quote_content text,
  quote_created_at timestamptz
);
--> statement-breakpoint
-- Stores all of a batch, or nothing and returns no row: then chat_send judges each. It is what nearly every batch needs, at half the price.
-- The first statement locks the rooms and takes their numbers, the second stores what is allowed under the locks: a removed participant is seen as removed.
-- Message i goes to room_ids[message_rooms[i]] as the message_places[i]th of the room_counts that come to it; room_newest are the last of each.
-- No attachments. Fenced subqueries, each answered by its one right index: the plan is made once, whatever is in the tables then.
CREATE FUNCTION chat_send_all(
  room_ids uuid[], room_counts integer[], room_newest uuid[],
  message_ids uuid[], message_rooms integer[], message_places integer[], sender_ids integer[], client_ids text[], contents text[], reply_to_ids uuid[]
)
RETURNS SETOF chat_sent
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
SET enable_sort = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
DECLARE
  numbered integer;
BEGIN
  UPDATE chat_rooms
  SET last_seq = last_seq + room_counts[array_position(room_ids, chat_rooms.id)],
      message_count = message_count + room_counts[array_position(room_ids, chat_rooms.id)],
      last_message_id = room_newest[array_position(room_ids, chat_rooms.id)],
      modified_at = clock_timestamp() + room_counts[array_position(room_ids, chat_rooms.id)] * interval '1 microsecond'
  -- In the order of the index, which is that of the ids. Said so that no other index fits: one is of the rooms that are not deleted.
  WHERE chat_rooms.id = ANY (room_ids) AND chat_rooms.is_active AND coalesce(chat_rooms.deleted_at, 'infinity') = 'infinity';
  GET DIAGNOSTICS numbered = ROW_COUNT;
  IF numbered <> cardinality(room_ids) THEN RAISE SQLSTATE 'ARS01'; END IF;

  RETURN QUERY
  WITH stored AS (
    INSERT INTO chat_messages (id, room_id, seq, sender_id, client_id, message_type, content, reply_to_id, created_at, modified_at)
    SELECT asked.id, room.id, room.last_seq - asked.later, asked.sender_id, asked.client_id, 'text', asked.content, asked.reply_to_id,
      -- One microsecond apart, so that clients which order by time see the order of seq.
      room.modified_at - asked.later * interval '1 microsecond', room.modified_at - asked.later * interval '1 microsecond'
    FROM (
      SELECT given.*, room_ids[given.room] AS room_id, room_counts[given.room] - given.place AS later
      FROM unnest(message_ids, message_rooms, message_places, sender_ids, client_ids, contents, reply_to_ids)
        AS given (id, room, place, sender_id, client_id, content, reply_to_id)
    ) AS asked
    CROSS JOIN LATERAL (
      SELECT chat_rooms.id, chat_rooms.last_seq, chat_rooms.modified_at FROM chat_rooms WHERE chat_rooms.id = asked.room_id OFFSET 0
    ) AS room
    CROSS JOIN LATERAL (
      SELECT chat_participants.left_at FROM chat_participants
      WHERE chat_participants.room_id = asked.room_id AND chat_participants.user_id = asked.sender_id
      OFFSET 0
    ) AS participant
    WHERE participant.left_at IS NULL
    RETURNING id, room_id, seq, sender_id, reply_to_id, created_at
  ),
  told AS MATERIALIZED (
    SELECT stored.id, stored.seq, stored.created_at,
      sender.username::text, sender.first_name::text, sender.last_name::text, sender.email::text,
      quoted.id AS quote_id, quoted.sender_id AS quote_sender_id, quoted_sender.username::text AS quote_sender_username,
      left(quoted.content, 100) AS quote_content, quoted.created_at AS quote_created_at
    FROM stored
    CROSS JOIN LATERAL (
      SELECT users.username, users.first_name, users.last_name, users.email, users.is_active FROM users WHERE users.id = stored.sender_id OFFSET 0
    ) AS sender
    LEFT JOIN LATERAL (
      SELECT chat_messages.* FROM chat_messages WHERE chat_messages.id = stored.reply_to_id OFFSET 0
    ) AS quoted ON quoted.room_id = stored.room_id AND quoted.deleted_at IS NULL
    LEFT JOIN LATERAL (
      SELECT users.username FROM users WHERE users.id = quoted.sender_id OFFSET 0
    ) AS quoted_sender ON true
    WHERE sender.is_active AND (stored.reply_to_id IS NULL OR quoted.id IS NOT NULL)
  )
  -- Before the first row goes out.
  SELECT told.* FROM told WHERE chat_require_all((SELECT count(*) FROM told), cardinality(message_ids));
EXCEPTION
  WHEN unique_violation OR SQLSTATE 'ARS01' THEN RETURN;
END;
$$;
