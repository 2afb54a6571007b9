/** Something outside the program keeps it from starting. The message is one sentence for whoever started it; entry files print it and exit with 1. */
export class StartError extends Error {
  override name = 'StartError'
}
