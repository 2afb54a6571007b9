import { z } from 'zod'

const levels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

const ServerUrl = z.url({ protocol: /^(https?|wss?)$/, error: 'must be ws:// or http:// URLs, separated by commas' })

const RedisUrl = z
  .string()
  .refine((text) => URL.canParse(text) && /^rediss?:\/\//.test(text), 'must be redis:// or rediss:// URLs, separated by commas')

const limitText = 'must be a whole number from 1 to 1000000000'
const limit = (usual: number) =>
  z.coerce.number({ error: limitText }).int(limitText).min(1, limitText).max(1_000_000_000, limitText).default(usual)

const Config = z.object({
  PORT: z.coerce
    .number({ error: 'must be a port' })
    .int('must be a port')
    .min(0, 'must be a port')
    .max(65_535, 'must be a port')
    .default(8001),
  HOST: z.string().default('127.0.0.1'),
  REDIS_URL: z
    .string({ error: 'is missing: the relay hears of changes through Redis' })
    .transform(splitList)
    .pipe(z.array(RedisUrl).min(1, 'is empty')),
  RELAY_SECRET: z
    .string({ error: 'is missing: the secret that the servers know the relay by' })
    .refine((text) => Buffer.byteLength(text) >= 32, 'must have 32 bytes at least'),
  SERVER_INTERNAL_URL: z.string().default('http://127.0.0.1:8002').transform(splitList).pipe(z.array(ServerUrl).min(1, 'is empty')),
  ALLOWED_ORIGINS: z.string().default('').transform(splitList),
  RATE_LIMIT_COMMANDS: limit(300),
  RATE_LIMIT_SENDS: limit(60),
  LOG_LEVEL: z.enum(levels, { error: `must be one of ${levels.join(', ')}` }).default('info'),
})

export type RelayConfig = z.infer<typeof Config>

/** The settings, or everything that is wrong with them: a line for each variable. Values are not in it: some are secret. */
export function readConfig(environment: NodeJS.ProcessEnv): { config: RelayConfig } | { problems: string[] } {
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = Config.safeParse(set)
  if (parsed.success) return { config: parsed.data }
  return { problems: parsed.error.issues.map(({ path, message }) => `${String(path[0])} ${message}.`) }
}

/** The settings of this process. Ends it when something is wrong with them. */
export function loadConfig(): RelayConfig {
  const read = readConfig(process.env)
  if ('config' in read) return read.config
  process.stderr.write(`The relay cannot start:\n${read.problems.map((problem) => `  ${problem}\n`).join('')}`)
  process.exit(1)
}

function splitList(text: string): string[] {
  return text.split(',').flatMap((part) => part.trim() || [])
}
