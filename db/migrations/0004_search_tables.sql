CREATE TABLE "chat_search" (
	"room_id" uuid NOT NULL,
	"seq" bigint NOT NULL,
	"created_at" timestamp with time zone NOT NULL,
	"folded" text NOT NULL,
	"document" "tsvector" NOT NULL,
	CONSTRAINT "chat_search_pkey" PRIMARY KEY("seq","room_id")
);
--> statement-breakpoint
CREATE TABLE "chat_search_progress" (
	"room_id" uuid PRIMARY KEY NOT NULL,
	"upto_seq" bigint DEFAULT 0 NOT NULL
);
--> statement-breakpoint
ALTER TABLE "chat_search" ADD CONSTRAINT "chat_search_message" FOREIGN KEY ("room_id","seq") REFERENCES "public"."chat_messages"("room_id","seq") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "chat_search_words" ON "chat_search" USING gin ("room_id","document","folded" gin_trgm_ops);--> statement-breakpoint
CREATE INDEX "chat_events_of_messages" ON "chat_events" USING btree ("created_at") WHERE "chat_events"."message_id" is not null;