import { z } from 'zod'

/** Everything that is wrong with the environment, a line each. */
export class ConfigError extends Error {
  override name = 'ConfigError'
}

const port = (usual: number) => z.coerce.number({ error: 'must be a number' }).int().min(0).max(65_535).default(usual)
const limit = (usual: number) => z.coerce.number({ error: 'must be a number' }).int().min(1).max(1_000_000_000).default(usual)
const items = z.string().transform((text) =>
  text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== ''),
)
const list = items.prefault('')
const key = z.string().refine((value) => Buffer.byteLength(value) >= 32, 'must have at least 32 bytes')
const url = (...schemes: string[]) =>
  z.string().refine(
    (value) => {
      return URL.canParse(value) && schemes.includes(new URL(value).protocol.slice(0, -1))
    },
    `must be an address that begins with ${schemes.map((scheme) => `${scheme}://`).join(' or ')}`,
  )
const redisUrls = items.pipe(z.array(url('redis', 'rediss')).min(1, 'is empty'))

const shared = {
  HOST: z.string().min(1).default('127.0.0.1'),
  JWT_ISSUER: z.string().min(1).optional(),
  PUBLIC_URL: url('http', 'https').optional(),
  ALLOWED_ORIGINS: list,
  TRUSTED_PROXIES: z.coerce.number({ error: 'must be a number' }).int().min(0).max(10).default(0),
  WRITE_BATCH: z.coerce.number({ error: 'must be a number' }).int().min(1).max(1_000).default(256),
  RATE_LIMIT_REQUESTS: limit(300),
  RATE_LIMIT_SENDS: limit(60),
  RATE_LIMIT_ADDRESS: limit(1_000),
}
const logLevel = z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])

const ServerEnvironment = z.object({
  ...shared,
  PORT: port(8000),
  INTERNAL_HOST: z.string().min(1).default('127.0.0.1'),
  INTERNAL_PORT: port(8002),
  DATABASE_URL: url('postgres', 'postgresql'),
  REDIS_URL: redisUrls,
  JWT_SIGNING_KEY: key,
  RELAY_SECRET: key,
  ATTACHMENTS_DIR: z.string().min(1),
  LOG_LEVEL: logLevel.default('info'),
})
export type ServerConfig = z.infer<typeof ServerEnvironment>

const AllInOneEnvironment = z.object({
  ...shared,
  PORT: port(8000),
  DATA_DIR: z.string().min(1).default('.data'),
  RATE_LIMIT_COMMANDS: limit(300),
  DATABASE_URL: ServerEnvironment.shape.DATABASE_URL.optional(),
  REDIS_URL: redisUrls.optional(),
  JWT_SIGNING_KEY: key.optional(),
  ATTACHMENTS_DIR: z.string().min(1).optional(),
  LOG_LEVEL: logLevel.default('warn'),
})
export type AllInOneConfig = z.infer<typeof AllInOneEnvironment>

/** Throws ConfigError. */
export function readServerConfig(environment = process.env): ServerConfig {
  return read(ServerEnvironment, environment)
}

/** Everything has a default. Throws ConfigError. */
export function readAllInOneConfig(environment = process.env): AllInOneConfig {
  return read(AllInOneEnvironment, environment)
}

/** The limits of the HTTP side. */
export function requestLimits(config: ServerConfig | AllInOneConfig): { requests: number; sends: number; address: number } {
  return { requests: config.RATE_LIMIT_REQUESTS, sends: config.RATE_LIMIT_SENDS, address: config.RATE_LIMIT_ADDRESS }
}

/** A variable that is set to nothing is not set. */
function read<Schema extends z.ZodType>(schema: Schema, environment: NodeJS.ProcessEnv): z.output<Schema> {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''))
  const parsed = schema.safeParse(given)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map((issue) => {
    const name = String(issue.path[0])
    return `${name} ${name in given ? issue.message : 'is missing'}`
  })
  throw new ConfigError([...new Set(lines)].join('\n'))
}
