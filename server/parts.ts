import type { Multipart, MultipartValue } from '@fastify/multipart'
import type { FastifyRequest } from 'fastify'
import { ChatError, invalid } from '../schemas/errors.ts'
import { fieldMessages } from '../schemas/fields.ts'

const fieldBytes = 64 * 1024
const formLimits = { fields: 100, files: 10, parts: 110, fieldSize: fieldBytes, headerPairs: 50 }
const isPartAFile = (_field: unknown, _type: unknown, fileName: string | undefined) => fileName !== undefined
const drainedBytes = 64 * 1024 * 1024

/**
 * The named parts of a multipart body in their order; whatever is wrong with the body itself becomes a ChatError, also when it shows only while a
 * file is read by `fileBytes`. Who stops before the end calls `drain`.
 */
export async function* parsedParts(request: FastifyRequest, fileSize: number): AsyncGenerator<Multipart> {
  try {
    for await (const part of request.parts({ limits: { ...formLimits, fileSize }, isPartAFile })) {
      if (part.fieldname !== undefined) yield part
      else if (part.type === 'file') part.file.resume()
    }
  } catch (error) {
    throw asChatError(error)
  }
}

/** The bytes of a file part. */
export async function* fileBytes(file: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* file
  } catch (error) {
    throw asChatError(error)
  }
}

/** A field's text; in a part of JSON it can be anything. */
export function fieldValue(part: MultipartValue): unknown {
  if (part.valueTruncated) throw invalid(part.fieldname, `Ensure this field has no more than ${fieldBytes} bytes.`)
  return part.value
}

export function fieldText(part: MultipartValue): string {
  const value = fieldValue(part)
  if (typeof value === 'string') return value
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw invalid(part.fieldname, fieldMessages.string)
}

/** Refuses what is announced to be too long, before any of it is read. */
export function requireLength(request: FastifyRequest, limitBytes: number, error: ChatError): void {
  if (Number(request.headers['content-length'] ?? 0) > limitBytes) throw error
}

/** Lets the rest of a refused body pass, so that its sender gets to read the answer; one who never ends is cut off. */
export function drain({ raw }: FastifyRequest): void {
  let left = drainedBytes
  raw.unpipe()
  raw.on('data', (chunk: Buffer) => {
    left -= chunk.length
    if (left < 0) raw.destroy()
  })
  raw.resume()
}

const tooManyParts = ['FST_PARTS_LIMIT', 'FST_FIELDS_LIMIT', 'FST_FILES_LIMIT']

function asChatError(error: unknown): unknown {
  if (error instanceof ChatError || !(error instanceof Error)) return error
  const code = 'code' in error ? error.code : undefined
  if (tooManyParts.some((each) => each === code)) return new ChatError('invalid', 'The form has too many parts.')
  if (code === 'FST_REQ_FILE_TOO_LARGE') return new ChatError('too_large', 'The file is too large.')
  return new ChatError('parse_error', 'Multipart form parse error - the body is malformed or incomplete.')
}
