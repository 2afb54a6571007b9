-- Stores a batch of messages, each or not at all by its own merits, in one transaction and one round trip.
-- Two statements: the first waits for the rooms' locks, the second judges and writes with what is true under them.
-- A statement of its own for the judging is what keeps a removed participant from posting after his removal.
CREATE FUNCTION chat_send(batch json)
RETURNS TABLE (
  "position" integer,
  outcome text,
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
)
LANGUAGE plpgsql
-- The look-ups must use their indexes even where the plan was made while a table was empty.
SET enable_seqscan = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  moment timestamptz;
BEGIN
  PERFORM 1
  FROM chat_rooms AS room
  WHERE room.id = ANY (ARRAY(SELECT DISTINCT asked.room_id FROM json_to_recordset(batch) AS asked (room_id uuid)))
  ORDER BY room.id
  FOR NO KEY UPDATE;

  moment := clock_timestamp();

  RETURN QUERY
  WITH asked AS MATERIALIZED (
    SELECT *
    FROM json_to_recordset(batch) AS command (
      "position" integer, id uuid, room_id uuid, sender_id integer, client_id text, content text, message_type text, reply_to_id uuid,
      attachment_key text, attachment_name text, attachment_size integer, attachment_type text
    )
  ),
  judged AS MATERIALIZED (
    SELECT
      asked.*,
      room.last_seq,
      known.id AS known_id,
      known.seq AS known_seq,
      known.created_at AS known_created_at,
      sender.username,
      sender.first_name,
      sender.last_name,
      sender.email,
      quoted.id AS quoted_id,
      quoted.sender_id AS quoted_sender_id,
      quoted_sender.username AS quoted_sender_username,
      left(quoted.content, 100) AS quoted_content,
      quoted.created_at AS quoted_created_at,
      CASE
        WHEN sender.id IS NULL THEN 'user_inactive'
        WHEN room.id IS NULL OR participant.id IS NULL THEN 'not_participant'
        WHEN known.id IS NOT NULL THEN
          CASE
            WHEN known.edited_at IS NOT NULL OR known.deleted_at IS NOT NULL
              OR (known.content = asked.content
                AND known.reply_to_id IS NOT DISTINCT FROM asked.reply_to_id
                AND known.attachment_name IS NOT DISTINCT FROM asked.attachment_name
                AND known.attachment_size IS NOT DISTINCT FROM asked.attachment_size)
            THEN 'repeated'
            ELSE 'conflict'
          END
        WHEN NOT room.is_active THEN 'archived'
        WHEN asked.reply_to_id IS NOT NULL AND quoted.id IS NULL THEN 'reply_elsewhere'
        ELSE 'sent'
      END AS outcome
    FROM asked
    LEFT JOIN chat_rooms AS room ON room.id = asked.room_id AND room.deleted_at IS NULL
    LEFT JOIN chat_participants AS participant
      ON participant.room_id = asked.room_id AND participant.user_id = asked.sender_id AND participant.left_at IS NULL
    LEFT JOIN users AS sender ON sender.id = asked.sender_id AND sender.is_active
    LEFT JOIN chat_messages AS known
      ON known.room_id = asked.room_id AND known.sender_id = asked.sender_id AND known.client_id = asked.client_id
    LEFT JOIN chat_messages AS quoted
      ON quoted.id = asked.reply_to_id AND quoted.room_id = asked.room_id AND quoted.deleted_at IS NULL
    LEFT JOIN users AS quoted_sender ON quoted_sender.id = quoted.sender_id
  ),
  numbered AS MATERIALIZED (
    SELECT judged.*, row_number() OVER (PARTITION BY judged.room_id ORDER BY judged."position") AS place
    FROM judged
    WHERE judged.outcome = 'sent'
  ),
  stored AS (
    INSERT INTO chat_messages (
      id, room_id, seq, sender_id, client_id, message_type, content, reply_to_id,
      attachment_key, attachment_name, attachment_size, attachment_type, created_at, modified_at
    )
    SELECT
      numbered.id, numbered.room_id, numbered.last_seq + numbered.place, numbered.sender_id, numbered.client_id, numbered.message_type,
      numbered.content, numbered.reply_to_id, numbered.attachment_key, numbered.attachment_name, numbered.attachment_size,
      numbered.attachment_type,
      -- One microsecond apart, so that clients which order by time see the order of seq.
      moment + numbered.place * interval '1 microsecond', moment + numbered.place * interval '1 microsecond'
    FROM numbered
    ORDER BY numbered.room_id, numbered.place
  ),
  counted AS (
    UPDATE chat_rooms AS room
    SET last_seq = room.last_seq + newest.place,
        message_count = room.message_count + newest.place,
        last_message_id = newest.id,
        modified_at = moment + newest.place * interval '1 microsecond'
    FROM (
      SELECT DISTINCT ON (numbered.room_id) numbered.room_id, numbered.id, numbered.place::integer AS place
      FROM numbered
      ORDER BY numbered.room_id, numbered.place DESC
    ) AS newest
    WHERE room.id = newest.room_id
  )
  SELECT
    judged."position",
    judged.outcome,
    coalesce(judged.known_id, judged.id),
    coalesce(judged.known_seq, judged.last_seq + numbered.place),
    coalesce(judged.known_created_at, moment + numbered.place * interval '1 microsecond'),
    judged.username::text,
    judged.first_name::text,
    judged.last_name::text,
    judged.email::text,
    judged.quoted_id,
    judged.quoted_sender_id,
    judged.quoted_sender_username::text,
    judged.quoted_content,
    judged.quoted_created_at
  FROM judged
  LEFT JOIN numbered ON numbered."position" = judged."position";
END;
$$;
