export type { Api, NewFile, NewMessage, NewRoom, Receipts, Stretch, Unread } from './api.ts'
export { ChatClient, type ClientEvents, type ClientOptions, createChatClient } from './client.ts'
export { type Clock, type Lock, pause, systemClock, type Wake, type WatchWake } from './environment.ts'
export { ApiError, SignedOutError } from './errors.ts'
export type { TokenProvider } from './host-tokens.ts'
export {
  type Changes,
  type Cursor,
  isBehind,
  meetHead,
  type RoomOrder,
  receive,
  receiveChanges,
  receiveFrame,
  receiveResync,
  type Step,
  startOrder,
  type Verdict,
} from './order.ts'
export { type Failure, memoryOutboxStore, type OutboxEntry, type OutboxStore, type Sent } from './outbox-store.ts'
export { covers, type Range } from './ranges.ts'
export type { ChatSocket, ClientCommand, ClientFrame, SocketConstructor, SocketStatus } from './socket.ts'
export {
  addPage,
  applyFrames,
  comparable,
  deletedText,
  emptyState,
  type LoadedPage,
  listMessages,
  type Member,
  newestPart,
  type ReadPointer,
  type RoomFields,
  type RoomState,
  readersOf,
  type StateFrame,
  stateFromRest,
} from './state.ts'
export { memoryTokenStore, type StoredTokens, type TokenSource, type TokenStore, type User } from './tokens.ts'
export type { Progress, Upload } from './upload.ts'
