import { type Logger, pino } from 'pino'

/** JSON lines on standard error. Facts about requests are said by those who log, field by field: never a header, a body or an address with a token in it. */
export function createLog(level: string): Logger {
  return pino(
    {
      level,
      serializers: { err: pino.stdSerializers.errWithCause, req: () => undefined, res: () => undefined },
      redact: ['token', '*.token', 'password', '*.password', 'err.query', 'err.parameters', 'err.params', 'err.args'],
    },
    pino.destination(2),
  )
}
