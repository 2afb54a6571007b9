import { setTimeout as timer } from 'node:timers/promises'

/** Lets time pass on purpose: between two faults, while a part is kept stopped, between two sends of a writer. Never to wait for a condition. */
export function pace(milliseconds: number): Promise<void> {
  return timer(milliseconds)
}
