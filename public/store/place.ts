import { signal } from '@preact/signals'

/** Where the page is: in the list, in a room, or at a message of it. */
export type Place = { roomId: string | undefined; messageId: string | undefined }

const id = '[0-9a-f]{8}-[0-9a-f-]{27}'
const pattern = new RegExp(`^#/(${id})(?:/(${id}))?$`, 'i')

/** Where the page is, and the way elsewhere. */
export type Places = ReturnType<typeof createPlaces>

/** The place is the address, so that links, reload and the back button work. */
export function createPlaces() {
  const place = signal<Place>(read())
  addEventListener('hashchange', () => {
    place.value = read()
  })
  return {
    place,
    go(roomId?: string, messageId?: string): void {
      const hash = roomId === undefined ? '#/' : messageId === undefined ? `#/${roomId}` : `#/${roomId}/${messageId}`
      if (location.hash === hash) place.value = read()
      else location.hash = hash
    },
    linkTo: (roomId: string, messageId: string) => `${location.origin}${location.pathname}#/${roomId}/${messageId}`,
  }
}

/** Within a foreign page, whose address is its own. */
export function createInnerPlaces(baseUrl: string, roomId?: string): Places {
  const place = signal<Place>({ roomId, messageId: undefined })
  return {
    place,
    go(toRoom?: string, messageId?: string): void {
      place.value = { roomId: toRoom?.toLowerCase(), messageId: messageId?.toLowerCase() }
    },
    linkTo: (toRoom: string, messageId: string) => `${baseUrl}/api/chat/#/${toRoom}/${messageId}`,
  }
}

function read(): Place {
  const [, roomId, messageId] = pattern.exec(location.hash) ?? []
  return { roomId: roomId?.toLowerCase(), messageId: messageId?.toLowerCase() }
}
