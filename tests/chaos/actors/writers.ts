import { randomUUID } from 'node:crypto'
import { type ErrorCode, errorTable } from '../../../schemas/errors.ts'
import type { Frame } from '../../../schemas/socket.ts'
import type { Send } from '../judge/evidence.ts'
import { pace } from '../parts/pacing.ts'
import type { Caller } from './caller.ts'
import type { Ledger } from './ledger.ts'
import { openLine } from './line.ts'
import type { Somebody } from './people.ts'

/** One attempt, or as many as it takes: resolves when the send has been acknowledged or refused. */
export type Sender = { send(send: Send): Promise<void>; close(): void }

type Ack = { id: string; seq: number }

/** Every so many messages, one is sent again though it was acknowledged: it must be the same one. */
const repeatsEvery = 50

/** Says one thing after the other until it is told to stop, and then finishes its sentence. `pause` is in milliseconds. */
export async function writeOn(sender: Sender, ledger: Ledger, room: string, who: Somebody, pause: number, stopped: () => boolean) {
  for (let count = 1; !stopped(); count++) {
    const send = ledger.start({ room, sender: who.id, clientId: randomUUID(), content: `${who.username} says ${count}` })
    await sender.send(send)
    if (count % repeatsEvery === 0) await sender.send(send)
    await pace(pause * (0.5 + Math.random()))
  }
  sender.close()
}

export function createRestSender(caller: Caller, ledger: Ledger, who: Somebody): Sender {
  async function send(send: Send) {
    const { room, content, clientId: client_id } = send
    const call = { method: 'POST', path: '/api/chat/messages/', body: { room, content, client_id } } as const
    const { status, body } = await caller.untilDefinite(who, call, () => ledger.attempt(send))
    if (status === 200 || status === 201) ledger.acknowledge(send, body as Ack)
    else send.refusal = `${status} ${JSON.stringify(body)}`
  }
  return { send, close: () => {} }
}

type Reply = Ack | { refusal: string } | undefined

const answerWithin = 4_000

/** On the socket of the room. What is not answered when the socket is lost is sent again on the next one. */
export function createSocketSender(urls: readonly string[], ledger: Ledger, who: Somebody, room: string): Sender {
  let onOpened = () => {}
  let opened = nextOpening()
  let waiting: { clientId: string; settle(reply: Reply): void } | undefined
  const line = openLine({
    urls,
    path: () => `/ws/chat/${room}/?token=${who.token}`,
    onOpen: () => onOpened(),
    onText(text) {
      if (!text.startsWith('{"type":"ack"') && !text.startsWith('{"type":"error"')) return
      const frame = JSON.parse(text) as Frame
      if ('client_id' in frame && frame.client_id === waiting?.clientId) waiting?.settle(replyOf(frame))
    },
    onLost() {
      // Whoever waits for this one waits for the next.
      onOpened()
      opened = nextOpening()
      waiting?.settle(undefined)
    },
  })

  function nextOpening() {
    return new Promise<void>((resolve) => {
      onOpened = resolve
    })
  }

  async function attempt(send: Send): Promise<Reply> {
    while (!line.isOpen()) await opened
    ledger.attempt(send)
    const reply = new Promise<Reply>((settle) => {
      waiting = { clientId: send.clientId, settle }
    })
    const late = setTimeout(line.reconnect, answerWithin)
    line.send({ type: 'chat_message', message: send.content, client_id: send.clientId })
    return reply.finally(() => clearTimeout(late))
  }

  async function send(send: Send) {
    for (;;) {
      const reply = await attempt(send)
      if (reply && 'id' in reply) return ledger.acknowledge(send, reply)
      if (reply) {
        send.refusal = reply.refusal
        return
      }
      await pace(50)
    }
  }

  return { send, close: line.close }
}

function replyOf(frame: Frame): Reply {
  if (frame.type === 'ack') return { id: frame.id, seq: frame.seq }
  if (frame.type !== 'error' || errorTable[frame.code as ErrorCode]?.retry) return undefined
  return { refusal: `${frame.code} ${frame.message}` }
}
