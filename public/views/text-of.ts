/** The server's own sentence, where it gave one. */
export function textOf(cause: unknown): string | undefined {
  return cause instanceof Error && 'status' in cause && Number(cause.status) >= 400 && Number(cause.status) < 500
    ? cause.message
    : undefined
}
