/**
 * Latencies in buckets that widen with the value: 64 buckets to a doubling, so that every percentile is right within
 * 1.6 %, whatever its size, at a fixed cost in memory and two additions a request.
 */

const BUCKETS_PER_DOUBLING = 64;
/** 2^26 µs is 67 s; what takes longer counts as that. */
const DOUBLINGS = 26;
const BUCKETS = BUCKETS_PER_DOUBLING * (DOUBLINGS + 1);

export class LatencyHistogram {
  /** Bucket → how many. Grows only. */
  private readonly counts = new Float64Array(BUCKETS);
  private total = 0;

  get count(): number {
    return this.total;
  }

  record(microseconds: number): void {
    this.counts[bucketOf(microseconds)]!++;
    this.total++;
  }

  add(other: LatencyHistogram): void {
    for (let at = 0; at < BUCKETS; at++) this.counts[at]! += other.counts[at]!;
    this.total += other.total;
  }

  /** The latency that the given share of all requests stayed at or below, in microseconds; 0 without requests. */
  percentile(share: number): number {
    const wanted = Math.max(1, Math.ceil(this.total * share));
    let seen = 0;
    for (let at = 0; at < BUCKETS; at++) {
      seen += this.counts[at]!;
      if (seen >= wanted) return middleOf(at);
    }
    return 0;
  }

  /** For the way between processes: bucket and count of those that are not empty. */
  toPairs(): [bucket: number, count: number][] {
    const pairs: [number, number][] = [];
    for (let at = 0; at < BUCKETS; at++) if (this.counts[at]! > 0) pairs.push([at, this.counts[at]!]);
    return pairs;
  }

  static fromPairs(pairs: readonly (readonly [bucket: number, count: number])[]): LatencyHistogram {
    const histogram = new LatencyHistogram();
    for (const [at, count] of pairs) {
      histogram.counts[at] = count;
      histogram.total += count;
    }
    return histogram;
  }
}

/** Below 64 µs a bucket is 1 µs; above, the upper six bits below the leading one choose within the doubling. */
function bucketOf(microseconds: number): number {
  const whole = Math.min(Math.max(Math.round(microseconds), 0), 2 ** DOUBLINGS - 1);
  if (whole < BUCKETS_PER_DOUBLING) return whole;
  const doubling = 31 - Math.clz32(whole) - 6;
  return BUCKETS_PER_DOUBLING * doubling + (whole >>> doubling);
}

function middleOf(bucket: number): number {
  if (bucket < 2 * BUCKETS_PER_DOUBLING) return bucket;
  const doubling = Math.floor(bucket / BUCKETS_PER_DOUBLING) - 1;
  const width = 2 ** doubling;
  return ((bucket % BUCKETS_PER_DOUBLING) + BUCKETS_PER_DOUBLING) * width + width / 2;
}
