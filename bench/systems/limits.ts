/** What the service is told so that its limits, which are for people, do not stop the load. */
export const unlimited: Record<string, string> = {}
