/** First byte of a whole text frame (RFC 6455, section 5.2): FIN, opcode 1. Servers do not mask. */
const wholeText = 0x81
const inTwoBytes = 126
const inEightBytes = 127

/** A text as the bytes that go over a socket: made once for an event, however many sockets get it. */
export function encodeFrame(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const headerLength = length < inTwoBytes ? 2 : length <= 0xffff ? 4 : 10
  const frame = Buffer.allocUnsafe(headerLength + length)
  frame[0] = wholeText
  if (headerLength === 2) frame[1] = length
  else if (headerLength === 4) {
    frame[1] = inTwoBytes
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = inEightBytes
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, headerLength)
  return frame
}

/** Joins frames to what is written at once. The sockets of a room mostly get the same frames in a tick: they share the bytes of the one before. */
export function createJoiner() {
  let frames: readonly Buffer[] = []
  let bytes: Buffer = Buffer.alloc(0)

  return {
    join(next: readonly Buffer[]): Buffer {
      const [only] = next
      if (only && next.length === 1) return only
      if (next.length !== frames.length || !next.every((frame, index) => frame === frames[index])) {
        frames = next
        bytes = Buffer.concat(next)
      }
      return bytes
    },
    /** Keeps nothing until the next tick. */
    forget(): void {
      frames = []
      bytes = Buffer.alloc(0)
    },
  }
}
