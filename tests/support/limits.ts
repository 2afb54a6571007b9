const names = ['RATE_LIMIT_REQUESTS', 'RATE_LIMIT_SENDS', 'RATE_LIMIT_ADDRESS', 'RATE_LIMIT_COMMANDS'] as const

/** For tests and measurements, which flood by design: the limits are for people. */
export const unlimited: Record<string, string> = Object.fromEntries(names.map((name) => [name, '1000000000']))

/** As they are where nobody sets them. */
export const usualLimits: Record<string, string> = Object.fromEntries(names.map((name) => [name, '']))
