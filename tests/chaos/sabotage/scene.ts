import { randomUUID } from 'node:crypto'
import { until } from '../../support/until.ts'
import type { Observer } from '../actors/observer.ts'
import { type Stage, type StageRoom, setStage } from '../actors/stage.ts'
import { createRestSender, type Sender } from '../actors/writers.ts'
import { gatherEvidence } from '../finish.ts'
import type { ViolationKind } from '../judge/evidence.ts'
import { judge } from '../judge/judge.ts'
import { openWorld, type World, type WorldOptions } from '../parts/world.ts'

/** One room with a writer, and two who watch it: what a proof of a single point needs. */
export type Scene = {
  stage: Stage
  world: World
  room: StageRoom
  sender: Sender
  observers: Observer[]
  /** Sends by the writer, and waits for the answer. */
  say(content: string): Promise<void>
  /** What the judge finds. */
  violations(settleWithin?: number): Promise<ViolationKind[]>
}

export async function playScene(options: WorldOptions, play: (scene: Scene) => Promise<void>): Promise<void> {
  const world = await openWorld(options)
  try {
    await play(await setScene(world))
  } finally {
    await world.close()
  }
}

async function setScene(world: World): Promise<Scene> {
  const stage = await setStage(world, { rooms: 1, writersPerRoom: 1, roomObservers: 1, allObservers: 1 })
  const [room] = stage.rooms
  const [writer] = room?.writers ?? []
  if (!room || !writer) throw new Error('the scene is empty')
  const sender = createRestSender(stage.nextCaller(), stage.ledger, writer)
  await until(() => stage.observers.every((observer) => observer.connections() > 0))
  return {
    stage,
    world,
    room,
    sender,
    observers: stage.observers,
    say: (content) => sender.send(stage.ledger.start({ room: room.id, sender: writer.id, clientId: randomUUID(), content })),
    violations: async (settleWithin) => judge(await gatherEvidence(stage, settleWithin)).violations.map(({ kind }) => kind),
  }
}
