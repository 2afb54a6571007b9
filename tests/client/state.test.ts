import fc from 'fast-check'
import { expect, test } from 'vitest'
import { rangeOf } from '../../public/client/api.ts'
import { addRange, covers, type Range } from '../../public/client/ranges.ts'
import { applyFrames, comparable, emptyState, listMessages, newestPart, type StateFrame, stateFromRest } from '../../public/client/state.ts'
import { type Deed, deeds, ModelRoom } from './support/model-room.ts'

const room = '0190aaaa-0000-7000-8000-000000000001'
const all: Range = { from: 0, to: Infinity }

function empty() {
  return emptyState({
    id: room,
    name: '',
    room_type: 'group',
    is_active: true,
    archived_at: null,
    is_deleted: false,
    modified_at: '2023-01-01T00:00:00Z',
  })
}

const restOf = (server: ModelRoom) => stateFromRest(server.room(), { messages: server.messages().results, range: all })

test('a log applied from its beginning, in any portions, makes the state that REST shows', () => {
  const promise = (deeds: Deed[], portion: number) => {
    const server = new ModelRoom(room, [1, 2])
    const frames: StateFrame[] = [...server.changes(0), ...deeds.flatMap((deed) => server.do(deed))]
    let state = empty()
    for (let start = 0; start < frames.length; start += portion) state = applyFrames(state, frames.slice(start, start + portion))
    expect(comparable(state)).toEqual(comparable(restOf(server)))
  }
  fc.assert(fc.property(fc.array(deeds, { maxLength: 60, size: 'max' }), fc.integer({ min: 1, max: 9 }), promise), { numRuns: 400 })
})

test('the replayed log makes the same state as the live one', () => {
  const promise = (deeds: Deed[]) => {
    const server = new ModelRoom(room, [1])
    for (const deed of deeds) server.do(deed)
    const replayed = applyFrames(empty(), [...server.changes(0), ...server.reads.values()])
    expect(comparable(replayed)).toEqual(comparable(restOf(server)))
  }
  fc.assert(fc.property(fc.array(deeds, { maxLength: 60, size: 'max' }), promise), { numRuns: 400 })
})

test('frames that a state already has change nothing', () => {
  const server = new ModelRoom(room, [1])
  const { id } = server.send(1, 'as it was', null)
  const before = server.changes(0)
  server.edit(id, 'as it is')
  const state = restOf(server)
  expect(applyFrames(state, before)).toEqual(state)
})

test('a deleted message stays as a tombstone in its place, and quotes say so', () => {
  const server = new ModelRoom(room, [1])
  const { id } = server.send(1, 'secret', null)
  server.send(1, 'answer', null, 0)
  const before = applyFrames(empty(), server.changes(0))
  server.delete(id)
  const [tombstone, answer] = listMessages(applyFrames(before, server.changes(3)))
  expect(tombstone).toMatchObject({ id, is_deleted: true, content: '[Message deleted]' })
  expect(answer?.reply_to?.content).toBe('[Message deleted]')
  expect(listMessages(before)[0]?.content).toBe('secret')
})

test('ranges join where they touch, and cover what was added', () => {
  const range = fc.tuple(fc.nat(60), fc.nat(9)).map(([from, length]) => ({ from, to: from + length }))
  const promise = (added: Range[]) => {
    const ranges = added.reduce<Range[]>((all, one) => addRange(all, one), [])
    for (let seq = 0; seq <= 70; seq += 1) expect(covers(ranges, seq)).toBe(added.some(({ from, to }) => seq >= from && seq <= to))
    for (const [index, { from }] of ranges.entries()) if (index > 0) expect(from).toBeGreaterThan((ranges[index - 1]?.to ?? 0) + 1)
  }
  fc.assert(fc.property(fc.array(range, { maxLength: 15 }), promise))
})

test('a page says how much of the history it covers', () => {
  expect(rangeOf([50, 41], {}, true, false)).toEqual({ from: 41, to: Infinity })
  expect(rangeOf([38, 30], { before: 41 }, true, true)).toEqual({ from: 30, to: 40 })
  expect(rangeOf([], { before: 30 }, false, true)).toEqual({ from: 0, to: 29 })
  expect(rangeOf([60, 53], { after: 50 }, true, true)).toEqual({ from: 51, to: 60 })
  expect(rangeOf([], { after: 60 }, true, false)).toEqual({ from: 61, to: Infinity })
  expect(rangeOf([55, 48], { around: 50 }, true, true)).toEqual({ from: 48, to: 55 })
})

test('the newest part of a state has its newest messages, and says that older ones are missing', () => {
  const server = new ModelRoom(room, [1])
  for (let number = 1; number <= 5; number += 1) server.send(1, `message ${number}`, null)
  const state = restOf(server)
  const part = newestPart(state, 2)
  expect(listMessages(part).map(({ content }) => content)).toEqual(['message 4', 'message 5'])
  const [fourth] = listMessages(part)
  expect([part.ranges, part.seq]).toEqual([[{ from: fourth?.seq, to: Infinity }], state.seq])
  expect(newestPart(state, 5)).toMatchObject({ ranges: state.ranges, messages: state.messages })
  const { id } = server.send(1, 'message 6', null)
  expect(applyFrames(part, server.changes(state.seq)).messages.has(id)).toBe(true)
})
