import { addPage, applyFrames, type LoadedPage, type RoomState, type StateFrame } from './state.ts'

/**
 * A room that somebody looks at: a state by REST, and the frames applied since. While the state is being loaded frames wait here,
 * so that loading never stops the order of the room.
 */
export type RoomView = {
  readonly state: RoomState | undefined
  /** Applied, not yet reduced: reducing many at once copies the state once. */
  readonly waiting: readonly StateFrame[]
  /** The seq that the state being loaded must have reached; undefined when none is being loaded. */
  readonly loadingFrom: number | undefined
  /** Messages of the past that came while the state is being loaded. */
  readonly pages: readonly LoadedPage[]
}

export function startView(cached: RoomState | undefined): RoomView {
  return { state: cached, waiting: [], loadingFrom: undefined, pages: [] }
}

/** `seq` is the cursor of the room now: a state read from here on contains everything up to it, so nothing has to wait. */
export function beginLoad(view: RoomView, seq: number): RoomView {
  return { state: settleView(view).state, waiting: [], loadingFrom: seq, pages: [] }
}

export function feedView(view: RoomView, frames: readonly StateFrame[]): RoomView {
  if (frames.length === 0) return view
  return { ...view, waiting: [...view.waiting, ...frames] }
}

/** Adds messages of the past; `asked` as for addPage. */
export function extendView(view: RoomView, page: LoadedPage, asked: number): RoomView {
  const pages = view.loadingFrom === undefined ? view.pages : [...view.pages, page]
  return { ...view, state: view.state && addPage(view.state, page, asked), pages }
}

/** Undefined when the loaded state is older than what was applied before it was asked for (a lagging replica): load again. */
export function finishLoad(view: RoomView, loaded: RoomState): RoomView | undefined {
  if (view.loadingFrom !== undefined && loaded.seq < view.loadingFrom) return undefined
  // Nothing has happened since the state that they were read for: then they are the past of this one too, and whoever reads them is not torn away.
  const pages = view.state?.seq === loaded.seq ? view.pages : []
  const state = pages.reduce((whole, page) => addPage(whole, page, loaded.seq), loaded)
  return { state, waiting: view.waiting, loadingFrom: undefined, pages: [] }
}

/** Reduces what waits. While loading, the last state stays as it was. */
export function settleView(view: RoomView): RoomView {
  if (!view.state || view.loadingFrom !== undefined || view.waiting.length === 0) return view
  return { ...view, state: applyFrames(view.state, view.waiting), waiting: [] }
}
