/** What differs between the systems in what goes over a socket. */
export type Dialect = {
  /** Said when the socket is open. */
  greeting(seat: { room: string; token: string }): string | undefined
  /** Whether this frame says that the socket is in its room; undefined: it is as soon as it is open. */
  isReady: ((frame: string) => boolean) | undefined
  /** `seat` is no other socket's name, and `number` new for each of its messages. */
  message(text: string, seat: string, number: number): string
  /** What must be answered to a frame that brings no message. Throws when the frame says that something went wrong. */
  answer(bytes: Buffer, start: number, end: number): string | undefined
}

const ours: Dialect = {
  greeting: () => undefined,
  isReady: (frame) => frame.startsWith('{"type":"connection_established"'),
  message: (text, seat, number) => `{"type":"chat_message","message":"${text}","client_id":"${seat}:${number}"}`,
  answer(bytes, start, end) {
    if (bytes[start + 9] === 0x65 && bytes[start + 10] === 0x72) throw new Error(bytes.toString('utf8', start, end))
    return undefined
  },
}

/** Engine.IO 4 around Socket.IO 5: `40` joins, `42` is an event, `43` an acknowledgement, `2` a ping. */
const socketio: Dialect = {
  greeting: ({ room, token }) => `40${JSON.stringify({ room, token })}`,
  isReady: (frame) => frame.startsWith('40'),
  message: (text, _seat, number) => `42${number}["chat_message",{"text":"${text}"}]`,
  answer(bytes, start, end) {
    if (end - start === 1 && bytes[start] === 0x32) return '3'
    if (bytes[start + 1] === 0x34) throw new Error(bytes.toString('utf8', start, end))
    return undefined
  },
}

const bareWs: Dialect = {
  greeting: () => undefined,
  isReady: undefined,
  message: (text) => `{"type":"chat_message","message":"${text}"}`,
  answer: () => undefined,
}

export const dialects = { ours, socketio, 'bare-ws': bareWs }
export type DialectName = keyof typeof dialects
