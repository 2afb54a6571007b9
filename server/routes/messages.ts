import type { FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Anchor } from '../../db/queries/history.ts'
import { invalid } from '../../schemas/errors.ts'
import { Integer, text, Uuid } from '../../schemas/fields.ts'
import { PageQuery, page } from '../../schemas/lists.ts'
import { EditMessage, Message, MessageType, SendFields } from '../../schemas/messages.ts'
import * as messages from '../actions/messages.ts'
import { pageRange, pageSize } from '../actions/pages.ts'
import { markMessageRead } from '../actions/reads.ts'
import { endTyping } from '../actions/typing.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { readMultipart, type UploadedFile } from '../multipart.ts'
import { presentMessage, type Viewer } from '../presenters/messages.ts'
import { deleteAttachment } from '../storage/delete.ts'
import { shownFileName } from '../storage/names.ts'
import { parseBody } from '../validation.ts'

const tags = ['messages']
const MessageId = z.object({ id: Uuid })
/** Without a file there has to be a text. */
const SendText = SendFields.required({ content: true })
const Seq = z
  .string()
  .regex(/^\d{1,15}$/)
  .transform(Number)
  .optional()
const MessageQuery = PageQuery.extend({
  room: Uuid.optional(),
  message_type: MessageType.optional(),
  sender: Integer.optional(),
  search: text(10_240).optional(),
  ordering: z.string().optional(),
  before: Seq,
  after: Seq,
  around: Seq,
  limit: z.string().optional(),
})

export function messageRoutes(app: App, chat: Chat): void {
  app.get(
    '/api/chat/messages/',
    { schema: { tags, summary: 'Messages of my rooms, newest first', querystring: MessageQuery, response: { 200: page(Message) } } },
    async (request) => {
      const stretch = stretchOf(request.query)
      if (stretch) return presentStretch(await messages.listStretch(chat, request.actor, ...stretch), request)
      const { room: roomId, message_type: messageType, sender: senderId, search, ordering } = request.query
      const range = pageRange(request.query)
      const filter = { roomId, messageType, senderId, search }
      const list = await messages.listMessages(chat, request.actor, filter, ordering !== 'created_at', range)
      const viewer = request.viewer()
      const results = list.messages.map((message) => presentMessage(message, list.reads, viewer))
      return range.present(results, list.count, request.absoluteUrl())
    },
  )

  app.post(
    '/api/chat/messages/',
    {
      // The body is checked in the handler: that of an upload is not there before.
      config: { readsMultipart: true },
      onRequest: app.limiters.sends,
      validatorCompiler: () => (input: unknown) => ({ value: input }),
      schema: {
        tags,
        summary: 'Send a message',
        description: 'JSON, or a form that may have one file, `attachment`. 200 with the original when the `client_id` is known.',
        consumes: ['application/json', 'application/x-www-form-urlencoded', 'multipart/form-data'],
        body: SendFields,
        response: { 200: Message, 201: Message },
      },
    },
    async (request, reply) => {
      const { fields, file } = await readSend(request, chat)
      const sent = await sendWithFile(chat, request, fields, file)
      void endTyping(chat, fields.room, request.actor)
      // What was stored just now is not asked for again: by now its sender may have been removed, and is still to hear that it was stored.
      if (!sent.repeated) return reply.code(201).send(presentMessage({ ...sent.message, lastReadSeq: 0 }, [], request.viewer()))
      return reply.code(200).send(present(await messages.getMessage(chat, request.actor, sent.id, { deletedToo: true }), request.viewer()))
    },
  )

  app.get(
    '/api/chat/messages/:id/',
    { schema: { tags, summary: 'One message', params: MessageId, response: { 200: Message } } },
    async (request) => present(await messages.getMessage(chat, request.actor, request.params.id), request.viewer()),
  )

  for (const method of ['PATCH', 'PUT'] as const) {
    app.route({
      method,
      url: '/api/chat/messages/:id/',
      schema: { tags, summary: 'Edit my message', params: MessageId, body: EditMessage, response: { 200: Message } },
      handler: async (request) => {
        const edited = await messages.editMessage(chat, request.actor, request.params.id, request.body.content)
        return present(edited, request.viewer())
      },
    })
  }

  app.delete(
    '/api/chat/messages/:id/',
    { schema: { tags, summary: 'Delete my message', params: MessageId, response: { 204: z.undefined() } } },
    async (request, reply) => {
      await messages.deleteMessage(chat, request.actor, request.params.id)
      return reply.code(204).send()
    },
  )

  app.post(
    '/api/chat/messages/:id/mark_read/',
    { schema: { tags, summary: 'Read up to this message', params: MessageId, response: { 200: Message } } },
    async (request) => {
      await markMessageRead(chat, request.actor, request.params.id)
      return present(await messages.getMessage(chat, request.actor, request.params.id), request.viewer())
    },
  )
}

/** The stretch of a room's history that is asked for; undefined for a client that pages by number. */
function stretchOf({ room, before, after, around, limit }: z.infer<typeof MessageQuery>): [string, Anchor, number] | undefined {
  if (before === undefined && after === undefined && around === undefined && limit === undefined) return undefined
  if (room === undefined) throw invalid('room', 'This field is required.')
  const size = pageSize(limit)
  if (before !== undefined) return [room, { before }, size]
  if (after !== undefined) return [room, { after }, size]
  return [room, around === undefined ? 'newest' : { around }, size]
}

/** `next` leads to what is older, `previous` to what is newer. */
function presentStretch(page: Awaited<ReturnType<typeof messages.listStretch>>, request: FastifyRequest) {
  const viewer = request.viewer()
  const link = (name: 'before' | 'after', seq: number | undefined) => {
    const url = new URL(request.absoluteUrl())
    for (const anchor of ['before', 'after', 'around']) url.searchParams.delete(anchor)
    url.searchParams.set(name, String(seq))
    return url.href
  }
  return {
    count: page.count,
    next: page.hasOlder ? link('before', page.messages.at(-1)?.seq) : null,
    previous: page.hasNewer ? link('after', page.messages[0]?.seq) : null,
    results: page.messages.map((message) => presentMessage(message, page.reads, viewer)),
  }
}

function present({ message, reads }: messages.ReadMessage, viewer: Viewer): Message {
  return presentMessage(message, reads, viewer)
}

/** The checked fields and the stored file. When the fields are refused no file is left. */
async function readSend(request: FastifyRequest, chat: Chat): Promise<{ fields: SendFields; file?: UploadedFile }> {
  if (!request.isMultipart()) return { fields: parseBody(SendText, request.body ?? {}) }
  const { fields, file } = await readMultipart(request, chat.storage)
  try {
    return { fields: parseBody(file ? SendFields : SendText, fields), ...(file && { file }) }
  } catch (error) {
    if (file) await deleteAttachment(chat.storage, file.key, chat.log)
    throw error
  }
}

/** A file that no message came to refer to is deleted: refused, or a repetition whose original has its own. Unless the outcome is unknown. */
async function sendWithFile(chat: Chat, request: FastifyRequest, fields: SendFields, file: UploadedFile | undefined) {
  const attachment = file
    ? { key: file.key, name: shownFileName(file.name, fields.attachment_name), size: file.size, type: file.type }
    : null
  const drop = () => (file ? deleteAttachment(chat.storage, file.key, chat.log) : undefined)
  try {
    const sent = await messages.sendMessage(chat, request.actor, {
      roomId: fields.room,
      content: fields.content ?? '',
      replyToId: fields.reply_to ?? null,
      clientId: fields.client_id ?? null,
      attachment,
      ...(file && { messageType: file.messageType }),
    })
    if (sent.repeated) await drop()
    return sent
  } catch (error) {
    if (messages.isRefused(error)) await drop()
    throw error
  }
}
