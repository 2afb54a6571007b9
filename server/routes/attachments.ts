import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { type AttachmentRow, findAttachment } from '../../db/queries/attachments.ts'
import { ChatError } from '../../schemas/errors.ts'
import { Uuid } from '../../schemas/fields.ts'
import type { App } from '../app.ts'
import type { Chat } from '../chat.ts'
import { contentDisposition } from '../storage/names.ts'
import { parseRange } from '../storage/range.ts'
import type { Storage } from '../storage/storage.ts'

const tags = ['messages']
const MessageId = z.object({ id: Uuid })

/** Files of messages. The link is the proof of identity; whether its reader may still see the message is asked each time. */
export function attachmentRoutes(app: App, chat: Pick<Chat, 'db' | 'storage' | 'links'>): void {
  app.route({
    method: ['GET', 'HEAD'],
    url: '/api/chat/attachments/:id/',
    exposeHeadRoute: false,
    config: { file: true },
    // The query has no schema: a value that comes twice has to reach `verify` as it is.
    schema: {
      tags,
      summary: 'The file of a message',
      description: 'Opened by the link in `attachment`, without a token.',
      params: MessageId,
      // Whole files are described in openapi.ts.
      response: {},
    },
    handler: async (request, reply) => {
      const { id } = request.params
      const readerId = chat.links.verify(id, request.query)
      if (readerId === undefined) throw new ChatError('permission_denied', 'This link has expired or is not valid.')
      const attachment = await findAttachment(chat.db, readerId, id)
      if (!attachment) throw notFound()
      return sendAttachment(chat.storage, request, reply, `"${id}"`, attachment)
    },
  })
}

async function sendAttachment(
  storage: Storage,
  request: FastifyRequest,
  reply: FastifyReply,
  etag: string,
  { key, name, size, type }: AttachmentRow,
): Promise<FastifyReply> {
  reply.headers({ etag, 'cache-control': 'private, max-age=0, must-revalidate', 'cross-origin-resource-policy': 'cross-origin' })
  if (matches(request.headers['if-none-match'], etag)) return reply.code(304).send()

  const range = wantedRange(request, etag, size)
  if (range === 'unsatisfiable') {
    reply.header('content-range', `bytes */${size}`)
    throw new ChatError('not_acceptable_range', 'The requested range is not within the file.')
  }
  const file = await storage.open(key, range)
  if (!file) throw notFound()
  if (file.size !== size || request.method === 'HEAD') file.stream.destroy()
  if (file.size !== size) throw new Error('a stored file has another size than its message says')

  if (range) reply.code(206).header('content-range', `bytes ${range.start}-${range.end}/${size}`)
  reply.headers({
    'content-type': type,
    'content-length': range ? range.end - range.start + 1 : size,
    'accept-ranges': 'bytes',
    'content-disposition': contentDisposition(type.startsWith('image/') ? 'inline' : 'attachment', name),
    'content-security-policy': "sandbox; default-src 'none'",
    'x-content-type-options': 'nosniff',
  })
  return reply.send(request.method === 'HEAD' ? undefined : file.stream)
}

/** A range counts for GET only, and only as long as the client holds the same file. */
function wantedRange(request: FastifyRequest, etag: string, size: number): ReturnType<typeof parseRange> {
  const ifRange = request.headers['if-range']
  if (request.method !== 'GET' || (ifRange !== undefined && ifRange !== etag)) return undefined
  return parseRange(request.headers.range, size)
}

function matches(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((each) => [etag, `W/${etag}`, '*'].includes(each.trim()))
}

function notFound(): ChatError {
  return new ChatError('not_found', 'Not found.')
}
