-- The rooms of a user in which something stands beyond what he has read. Of who is in thousands, most are read to their end: his places and his rooms are read in one walk each and joined by hash.
-- Said here, since a plan that is kept for anybody looks up room by room, or reads all rooms that there are.
CREATE FUNCTION chat_rooms_behind(of_user integer) RETURNS TABLE (participant_id integer, last_seq bigint, modified_at timestamptz)
LANGUAGE plpgsql STABLE ROWS 20
SET enable_seqscan = off
SET enable_nestloop = off
SET enable_mergejoin = off
SET plan_cache_mode = force_generic_plan
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT participant.id, room.last_seq, room.modified_at
  FROM chat_participants AS participant
  JOIN (
    SELECT chat_rooms.id, chat_rooms.last_seq, chat_rooms.modified_at FROM chat_rooms
    WHERE chat_rooms.id = ANY (ARRAY(SELECT mine.room_id FROM chat_participants AS mine WHERE mine.user_id = of_user AND mine.left_at IS NULL))
      -- Said so that no index but that of the ids fits.
      AND coalesce(chat_rooms.deleted_at, 'infinity') = 'infinity'
    OFFSET 0
  ) AS room ON room.id = participant.room_id
  WHERE participant.user_id = of_user AND participant.left_at IS NULL
    AND room.last_seq > least(participant.last_read_seq, participant.unread_from_seq - 1);
END;
$$;
