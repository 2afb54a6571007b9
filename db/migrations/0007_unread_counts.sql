DROP INDEX "chat_messages_standing";--> statement-breakpoint
CREATE INDEX "chat_messages_of_sender" ON "chat_messages" USING btree ("room_id","sender_id","seq") WHERE "chat_messages"."deleted_at" is null;--> statement-breakpoint
CREATE INDEX "chat_messages_deleted" ON "chat_messages" USING btree ("room_id","seq") WHERE "chat_messages"."deleted_at" is not null;