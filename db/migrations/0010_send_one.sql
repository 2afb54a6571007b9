-- Stores one message, as chat_send_all stores a batch, or nothing and returns null: then chat_send judges it. What is asked when nobody else sends at that moment, where unpacking
-- and numbering a batch would be a fifth of what the sender waits for.
-- The first statement locks the room and takes its number, the next looks under the lock whether the sender may. Each is answered by one index, whatever is in the tables when its plan is made.
CREATE FUNCTION chat_send_one(to_room uuid, message_id uuid, from_user integer, client_id text, content text, reply_to uuid)
RETURNS chat_sent
LANGUAGE plpgsql
SET enable_seqscan = off
SET enable_bitmapscan = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_variable
DECLARE
  sent chat_sent;
  may boolean;
BEGIN
  UPDATE chat_rooms AS room
  SET last_seq = room.last_seq + 1, message_count = room.message_count + 1, last_message_id = message_id, modified_at = clock_timestamp()
  -- Said so that no other index fits: one is of the rooms that are not deleted.
  WHERE room.id = to_room AND room.is_active AND coalesce(room.deleted_at, 'infinity') = 'infinity'
  RETURNING room.last_seq, room.modified_at INTO sent.seq, sent.created_at;
  IF NOT FOUND THEN RETURN NULL; END IF;

  SELECT participant.left_at IS NULL AND sender.is_active, sender.username, sender.first_name, sender.last_name, sender.email
  INTO may, sent.sender_username, sent.sender_first_name, sent.sender_last_name, sent.sender_email
  FROM chat_participants AS participant CROSS JOIN users AS sender
  WHERE participant.room_id = to_room AND participant.user_id = from_user AND sender.id = from_user;
  IF may IS NOT TRUE THEN RAISE SQLSTATE 'ARS01'; END IF;

  IF reply_to IS NOT NULL THEN
    SELECT quoted.id, quoted.sender_id, quoted_sender.username, left(quoted.content, 100), quoted.created_at
    INTO sent.quote_id, sent.quote_sender_id, sent.quote_sender_username, sent.quote_content, sent.quote_created_at
    FROM (SELECT chat_messages.* FROM chat_messages WHERE chat_messages.id = reply_to OFFSET 0) AS quoted
    LEFT JOIN LATERAL (SELECT users.username FROM users WHERE users.id = quoted.sender_id OFFSET 0) AS quoted_sender ON true
    WHERE quoted.room_id = to_room AND quoted.deleted_at IS NULL;
    IF NOT FOUND THEN RAISE SQLSTATE 'ARS01'; END IF;
  END IF;

  INSERT INTO chat_messages (id, room_id, seq, sender_id, client_id, message_type, content, reply_to_id, created_at, modified_at)
  VALUES (message_id, to_room, sent.seq, from_user, client_id, 'text', content, reply_to, sent.created_at, sent.created_at);
  sent.id := message_id;
  RETURN sent;
EXCEPTION
  WHEN unique_violation OR SQLSTATE 'ARS01' THEN RETURN NULL;
END;
$$;
