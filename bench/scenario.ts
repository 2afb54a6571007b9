/** What a run may choose. */
export type Bench = {
  rounds: number
  /** Of each measurement, after it has warmed up. */
  seconds: number
  warmUp: number
  /** Seconds that a system works, not measured, before its first round: in them V8 compiles, as it does once in the weeks that a service runs. */
  settle: number
  /** Processes that the load runs in. */
  loadProcesses: number
  /** Variables of our server and relay. */
  environment: Record<string, string>
  /** Folder for CPU profiles of our processes. */
  profiles: string | undefined
  /** Folder for pictures. */
  pictures: string
  say(line: string): void
}

/** What was measured, by its name: one number. */
export type Figures = Record<string, number>

/** Every round's figures, by system. */
export type Results = Record<string, Figures[]>

/** What a figure is to reach. */
export type Goal = {
  figure: string
  /** Whose figure; `ours` where nothing is said. */
  of?: string
} & ({ atLeast: number } | { atMost: number })

/** A goal as it stands or, with `against`, for the ratio to the same figure of a peer. Medians of the rounds count. */
export type Bar = Goal & { against?: string }

/** The goal against socket.io as it is usually written, and against the tuned one. */
export function againstSocketIo(goal: Goal): Bar[] {
  return ['socket.io', 'socket.io tuned'].map((against) => ({ ...goal, against }))
}

export type Scenario = {
  name: string
  /** A line that says what is done. */
  title: string
  bars: Bar[]
  run(bench: Bench): Promise<Results>
}
