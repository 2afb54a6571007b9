import { signal } from '@preact/signals'
import type { ChatClient } from '../client/index.ts'

/** Links to files by message. Frames carry none and links expire: they are asked for when they are needed. */
export function createLinks(client: ChatClient) {
  const links = signal<ReadonlyMap<string, string>>(new Map())
  const asking = new Map<string, Promise<string | undefined>>()

  const ask = async (messageId: string) => {
    try {
      const { attachment } = await client.api.message(messageId)
      if (attachment) links.value = new Map(links.peek()).set(messageId, attachment)
      return attachment ?? undefined
    } catch {
      return undefined
    } finally {
      asking.delete(messageId)
    }
  }
  /** A fresh link, asked for once at a time. Undefined when there is none to be had now. */
  const renew = (messageId: string): Promise<string | undefined> => {
    const answer = asking.get(messageId) ?? ask(messageId)
    asking.set(messageId, answer)
    return answer
  }
  const clear = () => {
    links.value = new Map()
  }
  return { links, renew, clear }
}
