const hash = 0x23
const tilde = 0x7e
const seatDigits = 5
const numberDigits = 7
const markLength = 2 + seatDigits + numberDigits

/** Numbers of a seat's messages begin again after so many. */
export const numbers = 10 ** numberDigits

/** A text that says which seat sent it, and the how manieth of its messages it is. */
export function markedText(seat: number, number: number, length: number): string {
  const mark = `~#${String(seat).padStart(seatDigits, '0')}${String(number).padStart(numberDigits, '0')}`
  return mark.padEnd(length, ' and so the day went by')
}

/** Finds marks in frames. It looks first where the last frame had it, counted from the end: that place hardly ever moves. */
export class MarkReader {
  seat = 0
  number = 0
  #fromEnd = 0

  /** Whether the frame brings a message; then `seat` and `number` tell which. */
  read(bytes: Buffer, start: number, end: number): boolean {
    let place = end - this.#fromEnd
    if (place < start || bytes[place] !== tilde || bytes[place + 1] !== hash) {
      const found = bytes.subarray(start, end).indexOf('~#')
      if (found === -1) return false
      place = start + found
      this.#fromEnd = end - place
    }
    if (place + markLength > end) throw new Error('a mark is cut off')
    this.seat = readDigits(bytes, place + 2, seatDigits)
    this.number = readDigits(bytes, place + 2 + seatDigits, numberDigits)
    return true
  }
}

function readDigits(bytes: Buffer, start: number, count: number): number {
  let value = 0
  for (let place = start; place < start + count; place++) value = value * 10 + (bytes[place] ?? 0) - 48
  return value
}
