import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { until } from '../../support/until.ts'
import type { Steering } from '../entries/steering.ts'
import { atExit } from './at-exit.ts'
import { locateProgram, type ProgramName } from './programs.ts'

/** Milliseconds. */
const pauseBeforeRestart = 200

export type PodOptions = {
  name: string
  program: ProgramName
  environment: Record<string, string>
  /** Gets what it says. */
  logFile: string
  /** Its HTTP address. */
  url: string
}

/** One process of the deployment. It keeps its addresses when it is killed and started again. */
export class Pod {
  readonly name: string
  readonly url: string
  /** A fault has it in its hands. */
  busy = false
  /** How often it ended though nobody had asked it to. */
  crashes = 0
  /** Its end is wanted. */
  #ending = false
  #hasAnswered = false
  readonly #options: PodOptions
  #path = ''
  #child: ChildProcess | undefined

  constructor(options: PodOptions) {
    this.name = options.name
    this.url = options.url
    this.#options = options
    atExit(() => this.#child?.kill('SIGKILL'))
  }

  /** Resolves when it answers. One that ends before, because what it needs is away, is started again. */
  async start(): Promise<void> {
    this.#ending = false
    this.#path = await locateProgram(this.#options.program)
    this.#spawn()
    await until(() => this.#answers('/healthz'), 60_000)
    this.#hasAnswered = true
  }

  isReady(): Promise<boolean> {
    return this.#answers('/readyz')
  }

  /** Of the process that runs now. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** SIGKILL; resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL')
  }

  /** SIGTERM; resolves when it has drained and ended. */
  terminate(): Promise<void> {
    return this.#end('SIGTERM')
  }

  /** Resolves when it has ended, by whomever. */
  async ended(): Promise<void> {
    const child = this.#child
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    await new Promise((resolve) => child.once('exit', resolve))
  }

  freeze(): void {
    this.#child?.kill('SIGSTOP')
  }

  thaw(): void {
    this.#child?.kill('SIGCONT')
  }

  /** To an entry of the harness. Resolves when it has heard; one that ends meanwhile hears nothing. */
  async tell(message: Steering): Promise<void> {
    if (message.do !== 'drop') this.#ending = true
    const child = this.#child
    if (!child?.connected) return
    const heard = new Promise((resolve) => child.once('message', resolve))
    child.send(message, () => undefined)
    await Promise.race([heard, this.ended()])
  }

  async #end(signal: NodeJS.Signals) {
    const gone = this.ended()
    this.#ending = true
    this.#child?.kill(signal)
    await gone
  }

  #spawn() {
    const { environment, logFile } = this.#options
    const log = openSync(logFile, 'a')
    const child = spawn(process.execPath, [this.#path], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...environment },
      stdio: ['ignore', log, log, 'ipc'],
    })
    closeSync(log)
    this.#child = child
    this.#hasAnswered = false
    child.once('exit', () => this.#ending || this.#comeBack())
  }

  /** As a supervisor would have it. */
  #comeBack() {
    if (this.#hasAnswered) this.crashes++
    setTimeout(() => this.#ending || this.#spawn(), pauseBeforeRestart)
  }

  async #answers(path: string): Promise<boolean> {
    const answer = await fetch(`${this.url}${path}`, { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
    await answer?.arrayBuffer().catch(() => undefined)
    return answer?.status === 200
  }
}
