import type { Bus } from '../../../schemas/bus.ts'
import type { Failpoints } from './failpoints.ts'
import type { PublishFates } from './steering.ts'

/** A publish that is delayed comes after those that follow within this time, in milliseconds. */
const longestDelay = 60

/** A bus as bad as a bus may be: publishes are lost, come twice, or come after later ones. */
export function createFaultyBus(bus: Bus, fates: PublishFates, failpoints: Failpoints): Bus {
  let toDrop = 0
  failpoints.onDrop((count) => {
    toDrop = count
  })

  function publish(channel: string, text: string) {
    const isOfRoom = channel.startsWith('room:')
    if (isOfRoom) failpoints.beforePublish()
    if (isOfRoom && toDrop > 0) toDrop--
    else meetFate(channel, text)
    if (isOfRoom) failpoints.afterPublish()
  }

  function meetFate(channel: string, text: string) {
    const chance = Math.random()
    const { dropped, doubled, delayed } = fates
    if (chance < dropped) return
    if (chance < dropped + delayed) return void setTimeout(() => bus.publish(channel, text), Math.random() * longestDelay)
    bus.publish(channel, text)
    if (chance < dropped + delayed + doubled) bus.publish(channel, text)
  }

  return { ...bus, publish }
}
