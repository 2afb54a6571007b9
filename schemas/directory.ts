import { z } from 'zod'

/** What a room can be about. */
export const TaskBrief = z.object({ id: z.int(), title: z.string() })
export type TaskBrief = z.infer<typeof TaskBrief>

export const PropertyBrief = z.object({ id: z.int(), name: z.string() })
export type PropertyBrief = z.infer<typeof PropertyBrief>
