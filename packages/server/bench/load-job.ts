/** What the bench asks of its load process, and what it is told: plain data, for the way between the two. */

export const OPERATIONS = ['put', 'range-linearizable', 'range-serializable'] as const;
export type Operation = (typeof OPERATIONS)[number];

export interface Endpoint {
  readonly host: string;
  readonly port: number;
}

export type LoadRequest =
  | {
      /** Connects, and writes every key once. Comes first. */
      readonly kind: 'prepare';
      readonly endpoints: readonly Endpoint[];
      readonly serverProcessIds: readonly number[];
      readonly valueBytes: number;
    }
  | {
      readonly kind: 'measure';
      readonly operation: Operation;
      /** Each keeps one request in flight. */
      readonly clients: number;
      /** Before the measurement begins; what is answered in it does not count. */
      readonly warmUpMs: number;
      readonly durationMs: number;
    };

export type LoadReply =
  | { readonly kind: 'prepared' }
  | { readonly kind: 'measured'; readonly measurement: Measurement }
  | { readonly kind: 'failed'; readonly reason: string };

export interface Measurement {
  readonly operation: Operation;
  readonly clients: number;
  readonly seconds: number;
  /** Requests answered without error in the measured time. */
  readonly completed: number;
  readonly errors: number;
  /** Some of the texts of the errors. */
  readonly errorTexts: readonly string[];
  /** Of LatencyHistogram. */
  readonly latencyPairs: readonly (readonly [bucket: number, count: number])[];
  /** Of all members together, in the measured time. */
  readonly serverCpuSeconds: number;
  readonly serverResidentBytes: number;
  /** Of the load process itself, in the measured time. */
  readonly loadCpuSeconds: number;
}
