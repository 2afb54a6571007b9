import { expect, test } from 'vitest'
import {
  canChangeMessage,
  canLeave,
  canManageParticipants,
  canManageRoom,
  canMute,
  canWrite,
  type Standing,
} from '../../server/permissions.ts'

const outsider: Standing = undefined
const member: Standing = { isAdmin: false }
const admin: Standing = { isAdmin: true }
const open = { isActive: true }
const archived = { isActive: false }

test.each([
  ['an outsider', outsider, { write: false, writeArchived: false, room: false, participants: false }],
  ['a member', member, { write: true, writeArchived: false, room: false, participants: false }],
  ['an admin', admin, { write: true, writeArchived: false, room: true, participants: true }],
])('what %s may do in a room', (_who, standing, allowed) => {
  expect({
    write: canWrite(standing, open),
    writeArchived: canWrite(standing, archived),
    room: canManageRoom(standing),
    participants: canManageParticipants(standing),
  }).toEqual(allowed)
})

test.each([
  ['its sender', { id: 1 }, { sender: { id: 1 } }, true],
  ['anybody else', { id: 2 }, { sender: { id: 1 } }, false],
  ['anybody, when its sender is gone', { id: 1 }, { sender: null }, false],
])('whether %s may change a message', (_who, actor, message, allowed) => {
  expect(canChangeMessage(actor, message)).toBe(allowed)
})

test('one mutes oneself and nobody else', () => {
  expect(canMute({ id: 1 }, { user: { id: 1 } })).toBe(true)
  expect(canMute({ id: 1 }, { user: { id: 2 } })).toBe(false)
})

const group = { roomType: 'group' }
const direct = { roomType: 'direct' }

test.each([
  ['an outsider', outsider, group, { members: 2, admins: 1 }, false],
  ['an outsider of a direct room', outsider, direct, { members: 2, admins: 1 }, false],
  ['a member', member, group, { members: 2, admins: 1 }, true],
  ['the only admin of a room with others in it', admin, group, { members: 2, admins: 1 }, false],
  ['the only admin of a room for a task', admin, { roomType: 'task' }, { members: 2, admins: 1 }, false],
  ['one of two admins', admin, group, { members: 2, admins: 2 }, true],
  ['the only one in a room', admin, group, { members: 1, admins: 1 }, true],
  ['the admin of a direct room', admin, direct, { members: 2, admins: 1 }, true],
])('whether %s may leave', (_who, standing, room, members, allowed) => {
  expect(canLeave(standing, room, members)).toBe(allowed)
})
