const growth = Math.log(1.01)
const buckets = 2_048

/** Durations in milliseconds, kept to one per cent. */
export class Histogram {
  readonly counts: Float64Array<ArrayBuffer>

  constructor(counts = new Float64Array(buckets)) {
    this.counts = counts
  }

  add(milliseconds: number): void {
    const bucket = Math.max(0, Math.min(buckets - 1, Math.round(Math.log(Math.max(1, milliseconds * 1_000)) / growth)))
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1
  }

  merge(other: Histogram): void {
    for (const [bucket, count] of other.counts.entries()) this.counts[bucket] = (this.counts[bucket] ?? 0) + count
  }

  clear(): void {
    this.counts.fill(0)
  }

  /** The duration that this share of all does not exceed; NaN of none. */
  percentile(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0)
    let left = total * share
    for (const [bucket, count] of this.counts.entries()) {
      left -= count
      if (count > 0 && left <= 0) return Math.exp(bucket * growth) / 1_000
    }
    return Number.NaN
  }
}
