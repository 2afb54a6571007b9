-- Whoever writes waits at his room, holding nothing else that this needs.
LOCK TABLE "chat_rooms" IN EXCLUSIVE MODE;
--> statement-breakpoint
CREATE TABLE "chat_places" (
	"room_id" uuid NOT NULL,
	"block" integer NOT NULL,
	"silent" integer NOT NULL,
	CONSTRAINT "chat_places_pkey" PRIMARY KEY("room_id","block")
);
--> statement-breakpoint
ALTER TABLE "chat_places" ADD CONSTRAINT "chat_places_room_id_chat_rooms_id_fk" FOREIGN KEY ("room_id") REFERENCES "public"."chat_rooms"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE FUNCTION chat_count_silent() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO chat_places (room_id, block, silent) VALUES (NEW.room_id, NEW.seq / 1024, 1)
  ON CONFLICT (room_id, block) DO UPDATE SET silent = chat_places.silent + 1;
  RETURN NULL;
END;
$$;
--> statement-breakpoint
CREATE TRIGGER chat_events_silent AFTER INSERT ON chat_events FOR EACH ROW EXECUTE FUNCTION chat_count_silent();
--> statement-breakpoint
CREATE TRIGGER chat_messages_silent AFTER UPDATE OF deleted_at ON chat_messages FOR EACH ROW
WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION chat_count_silent();
--> statement-breakpoint
-- The triggers' locks keep everybody from adding silent seqs until this is committed.
INSERT INTO chat_places (room_id, block, silent)
SELECT room_id, seq / 1024, count(*)
FROM (
  SELECT room_id, seq FROM chat_events
  UNION ALL
  SELECT room_id, seq FROM chat_messages WHERE deleted_at IS NOT NULL
) AS silent
GROUP BY 1, 2;
