import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'

const validForSeconds = 24 * 60 * 60
/** Within such a step a reader gets the same link again, so that browsers find the file in their cache. */
const stepSeconds = 6 * 60 * 60

/** Each value once, and in the only spelling that `link` makes of it. */
const Query = z.object({
  user: z
    .string()
    .regex(/^[1-9]\d{0,9}$/)
    .transform(Number),
  expires: z
    .string()
    .regex(/^[1-9]\d{0,11}$/)
    .transform(Number),
  signature: z.string().regex(/^[\w-]{43}$/),
})

/** Links that open a file without further proof of identity, as `<img>` needs it: good for one message, one reader, 24 to 30 hours. */
export type AttachmentLinks = {
  /** Absolute. `origin` (`https://chat.example.com`) is used when no public URL is configured. */
  link(messageId: string, userId: number, origin: string): string
  /** The reader whom the link was made for; undefined when it was altered or has expired. */
  verify(messageId: string, query: unknown): number | undefined
}

type Options = { signingKey: string; publicUrl?: string | undefined; now?: () => number }

/** The key of the links is derived from the key of the tokens: neither can be used as the other. */
export function createAttachmentLinks({ signingKey, publicUrl, now = Date.now }: Options): AttachmentLinks {
  const key = Buffer.from(hkdfSync('sha256', signingKey, '', 'aristay-chat attachment links', 32))
  const base = publicUrl?.replace(/\/+$/, '')
  const nowSeconds = () => Math.floor(now() / 1000)
  const sign = (messageId: string, userId: number, expires: number) =>
    createHmac('sha256', key).update(`${messageId}:${userId}:${expires}`).digest('base64url')

  return {
    link: (messageId, userId, origin) => {
      const id = messageId.toLowerCase()
      const expires = (Math.floor(nowSeconds() / stepSeconds) + 1) * stepSeconds + validForSeconds
      return `${base ?? origin}/api/chat/attachments/${id}/?user=${userId}&expires=${expires}&signature=${sign(id, userId, expires)}`
    },
    verify: (messageId, query) => {
      const { data: link } = Query.safeParse(query)
      if (!link || link.expires <= nowSeconds()) return undefined
      const expected = sign(messageId.toLowerCase(), link.user, link.expires)
      return timingSafeEqual(Buffer.from(link.signature), Buffer.from(expected)) ? link.user : undefined
    },
  }
}
