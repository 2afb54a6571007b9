import type { Readable } from 'node:stream'
import { fileTypeFromStream } from 'file-type'
import { invalid } from '../../schemas/errors.ts'
import type { MessageType } from '../../schemas/messages.ts'
import { extensionOf } from './names.ts'

/** What an extension stands for. `type` is what the file is served as, whatever the sender said; `contents` are file-type's names. */
type Kind = { type: string; contents: readonly string[]; messageType: Extract<MessageType, 'image' | 'file'> }

const word = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'
const excel = 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'
const compoundFile = 'application/x-cfb'
const jpeg: Kind = { type: 'image/jpeg', contents: ['image/jpeg'], messageType: 'image' }

const kinds = new Map<string, Kind>([
  ['jpg', jpeg],
  ['jpeg', jpeg],
  ['png', { type: 'image/png', contents: ['image/png', 'image/apng'], messageType: 'image' }],
  ['gif', { type: 'image/gif', contents: ['image/gif'], messageType: 'image' }],
  ['pdf', { type: 'application/pdf', contents: ['application/pdf'], messageType: 'file' }],
  ['doc', { type: 'application/msword', contents: [compoundFile], messageType: 'file' }],
  ['docx', { type: word, contents: [word], messageType: 'file' }],
  ['xls', { type: 'application/vnd.ms-excel', contents: [compoundFile], messageType: 'file' }],
  ['xlsx', { type: excel, contents: [excel], messageType: 'file' }],
])

/** The kind that a file's name promises; throws for those that are not allowed. */
export function requireKind(name: string): Kind {
  const extension = extensionOf(name).toLowerCase()
  const kind = kinds.get(extension)
  if (kind) return kind
  const allowed = [...kinds.keys()].join(', ')
  throw invalid('attachment', `File extension “${extension}” is not allowed. Allowed extensions are: ${allowed}.`)
}

/** Throws unless the bytes are what the name promises. Reads no more than it needs and destroys the stream. */
export async function requireContent(name: string, stream: Readable): Promise<Kind> {
  const kind = requireKind(name)
  const found = await contentType(stream)
  if (found && kind.contents.includes(found)) return kind
  throw invalid('attachment', `The file’s content does not match its extension “${extensionOf(name).toLowerCase()}”.`)
}

/** Undefined for what is of no known type, or too broken to tell. */
async function contentType(stream: Readable): Promise<string | undefined> {
  try {
    return (await fileTypeFromStream(stream))?.mime
  } catch {
    if (stream.errored) throw stream.errored
    return undefined
  } finally {
    stream.destroy()
  }
}
