import { beBusy } from './actors/busybodies.ts'
import { type Stage, type StageOptions, setStage } from './actors/stage.ts'
import { createRestSender, createSocketSender, writeOn } from './actors/writers.ts'
import { type FaultName, runFaults } from './fault-plan.ts'
import { gatherEvidence } from './finish.ts'
import { judge } from './judge/judge.ts'
import { pace } from './parts/pacing.ts'
import { Random } from './parts/random.ts'
import { openWorld } from './parts/world.ts'
import { type Report, reportOf } from './report.ts'
import { type SabotageName, sabotageSchema } from './sabotage/schema.ts'

export type RunOptions = StageOptions & {
  seconds: number
  seed: number
  plan: readonly FaultName[]
  /** Milliseconds from one fault to the next, on average. */
  faultEvery: number
  /** Milliseconds from an answer to the writer's next message, on average. */
  writerPause: number
  sabotage?: SabotageName
  log?: (line: string) => void
}

export const usualStage: StageOptions = { rooms: 6, writersPerRoom: 4, roomObservers: 1, allObservers: 2 }
const publishes = { dropped: 0.02, doubled: 0.02, delayed: 0.02 }
/** Worse, so that whatever depends on luck has some. */
const sabotagedPublishes = { dropped: 0.3, doubled: 0.02, delayed: 0.02 }

/** A deployment under load and under attack, and the judgement on it. */
export async function runChaos(options: RunOptions): Promise<Report> {
  const { seconds, seed, plan, faultEvery: every, sabotage, log = () => {} } = options
  const world = await openWorld(sabotage ? { publishes: sabotagedPublishes, sabotage } : { publishes })
  try {
    if (sabotage) await sabotageSchema(world, sabotage)
    const stage = await setStage(world, options)
    const random = new Random(seed)
    let stopped = false
    const actors = act(stage, random, options.writerPause, () => stopped)
    const faults = runFaults({ world, random, plan, every, stopped: () => stopped, log })
    await pace(seconds * 1_000)
    stopped = true
    const counts = await faults
    await world.ready()
    await Promise.all(actors)
    log('all has stopped')
    const evidence = await gatherEvidence(stage)
    return reportOf({ seed, seconds, faults: counts, stage, evidence, verdict: judge(evidence) })
  } finally {
    await world.close()
  }
}

/** Everybody on the stage, each with a loop of his own. Half of the writers use REST, half their sockets. */
export function act(stage: Stage, random: Random, pause: number, stopped: () => boolean): Promise<void>[] {
  const { ledger, rooms } = stage
  return rooms.flatMap((room) => [
    ...room.writers.map((who, index) => {
      const sender =
        index % 2 === 0 ? createRestSender(stage.nextCaller(), ledger, who) : createSocketSender(stage.nextRelays(), ledger, who, room.id)
      return writeOn(sender, ledger, room.id, who, pause, stopped)
    }),
    ...beBusy({ stage, room, random, stopped }),
  ])
}
