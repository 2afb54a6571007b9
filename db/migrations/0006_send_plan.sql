-- As before, with a plan that cannot become a bad one. It is made when a connection sends its first message, and is kept. Where tables
-- were small or empty then, it joined them by reading them whole, for every batch from then on. Now each table is looked up by a fenced
-- subquery that its one right index answers, whatever the planner believes of the tables' sizes.
CREATE OR REPLACE FUNCTION chat_send(batch json)
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
SET enable_seqscan = off
SET enable_sort = off
SET enable_hashjoin = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
DECLARE
  moment timestamptz;
BEGIN
  PERFORM 1
  FROM (
    SELECT DISTINCT command.room_id FROM json_to_recordset(batch) AS command (room_id uuid) ORDER BY command.room_id
  ) AS asked
  CROSS JOIN LATERAL (
    SELECT 1 FROM chat_rooms WHERE chat_rooms.id = asked.room_id FOR NO KEY UPDATE OFFSET 0
  ) AS room;

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
      room.place AS room_place,
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
    LEFT JOIN LATERAL (
      SELECT chat_rooms.ctid AS place, chat_rooms.* FROM chat_rooms WHERE chat_rooms.id = asked.room_id OFFSET 0
    ) AS room ON room.deleted_at IS NULL
    LEFT JOIN LATERAL (
      SELECT chat_participants.id FROM chat_participants
      WHERE chat_participants.room_id = asked.room_id AND chat_participants.user_id = asked.sender_id AND chat_participants.left_at IS NULL
      OFFSET 0
    ) AS participant ON true
    LEFT JOIN LATERAL (
      SELECT users.* FROM users WHERE users.id = asked.sender_id AND users.is_active OFFSET 0
    ) AS sender ON true
    -- In the order of the one index that has the three together: none but that gives it without sorting.
    LEFT JOIN LATERAL (
      SELECT chat_messages.* FROM chat_messages
      WHERE chat_messages.room_id = asked.room_id AND chat_messages.sender_id = asked.sender_id
        AND chat_messages.client_id >= asked.client_id AND chat_messages.client_id <= asked.client_id
      ORDER BY chat_messages.client_id LIMIT 1
    ) AS known ON true
    LEFT JOIN LATERAL (
      SELECT chat_messages.* FROM chat_messages WHERE chat_messages.id = asked.reply_to_id OFFSET 0
    ) AS quoted ON quoted.room_id = asked.room_id AND quoted.deleted_at IS NULL
    LEFT JOIN LATERAL (
      SELECT users.username FROM users WHERE users.id = quoted.sender_id OFFSET 0
    ) AS quoted_sender ON true
  ),
  placed AS MATERIALIZED (
    SELECT
      judged.*,
      count(*) FILTER (WHERE judged.outcome = 'sent') OVER (PARTITION BY judged.room_id ORDER BY judged."position" ROWS UNBOUNDED PRECEDING) AS place
    FROM judged
  ),
  numbered AS (SELECT * FROM placed WHERE placed.outcome = 'sent'),
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
      SELECT DISTINCT ON (numbered.room_id) numbered.room_place, numbered.id, numbered.place::integer AS place
      FROM numbered
      ORDER BY numbered.room_id, numbered.place DESC
    ) AS newest
    -- Where the row lies: it is locked, so it lies there still.
    WHERE room.ctid = newest.room_place
  )
  SELECT
    placed."position",
    placed.outcome,
    coalesce(placed.known_id, placed.id),
    coalesce(placed.known_seq, placed.last_seq + placed.place),
    coalesce(placed.known_created_at, moment + placed.place * interval '1 microsecond'),
    placed.username::text,
    placed.first_name::text,
    placed.last_name::text,
    placed.email::text,
    placed.quoted_id,
    placed.quoted_sender_id,
    placed.quoted_sender_username::text,
    placed.quoted_content,
    placed.quoted_created_at
  FROM placed;
END;
$$;
