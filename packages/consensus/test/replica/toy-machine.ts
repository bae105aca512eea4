/**
 * A state machine small enough to see through: the list of all bodies applied, each origin once. What was not
 * persisted is gone with `afterCrash`.
 */
import { ByteReader, latin1Decode, latin1Encode } from '../../src/bytes/reader.ts';
import { ByteWriter } from '../../src/bytes/writer.ts';
import type { Entry } from '../../src/core/entry.ts';
import { type LogIndex, logIndex, NO_INDEX } from '../../src/core/numbers.ts';
import { decodeEnvelope } from '../../src/replica/envelope.ts';
import type { StateImage, StateMachine, StateRestore } from '../../src/replica/ports.ts';

export interface ToyOrigin {
  readonly member: string;
  readonly incarnation: number;
  readonly sequence: number;
}

interface ToyState {
  readonly index: LogIndex;
  readonly bodies: readonly string[];
  readonly origins: ReadonlySet<string>;
}

const EMPTY: ToyState = { index: NO_INDEX, bodies: [], origins: new Set() };

export interface ToyMachineOptions {
  readonly schedule: (job: () => void) => void;
  readonly result?: (origin: ToyOrigin, position: number) => void;
  /** Bytes of a piece of an image. */
  readonly pieceBytes?: number;
}

export class ToyMachine implements StateMachine {
  private index: LogIndex;
  private bodiesApplied: string[];
  private readonly origins: Set<string>;
  /** What a crash leaves. */
  private durable: ToyState;
  private readonly options: ToyMachineOptions;
  /** Entries given to `apply` whose index was not the next: none, ever. */
  gaps = 0;
  restores = 0;

  constructor(options: ToyMachineOptions, durable: ToyState = EMPTY) {
    this.options = options;
    this.durable = durable;
    this.index = durable.index;
    this.bodiesApplied = [...durable.bodies];
    this.origins = new Set(durable.origins);
  }

  /** The machine as the next life of its member finds it. */
  afterCrash(options: ToyMachineOptions): ToyMachine {
    return new ToyMachine(options, this.durable);
  }

  get appliedIndex(): LogIndex {
    return this.index;
  }

  get durableIndex(): LogIndex {
    return this.durable.index;
  }

  get bodies(): readonly string[] {
    return this.bodiesApplied;
  }

  apply(entries: readonly Entry[]): void {
    for (const entry of entries) {
      if (entry.index !== this.index + 1) this.gaps++;
      this.index = entry.index;
      if (entry.kind === 'command') this.applyCommand(entry.payload);
    }
  }

  private applyCommand(payload: Uint8Array): void {
    const { member, incarnation, sequence, body } = decodeEnvelope(payload);
    const name = `${member}/${incarnation}/${sequence}`;
    if (this.origins.has(name)) return;
    this.origins.add(name);
    this.bodiesApplied.push(latin1Decode(body));
    this.options.result?.({ member, incarnation, sequence }, this.bodiesApplied.length);
  }

  private snapshot(): ToyState {
    return { index: this.index, bodies: [...this.bodiesApplied], origins: new Set(this.origins) };
  }

  persist(done: (error: Error | undefined) => void): void {
    const taken = this.snapshot();
    this.options.schedule(() => {
      if (taken.index > this.durable.index) this.durable = taken;
      done(undefined);
    });
  }

  capture(): StateImage {
    const taken = this.snapshot();
    const writer = new ByteWriter();
    writer.varint(taken.bodies.length);
    for (const body of taken.bodies) writer.latin1(body);
    writer.varint(taken.origins.size);
    for (const origin of taken.origins) writer.latin1(origin);
    const bytes = writer.finish();
    const pieceBytes = this.options.pieceBytes ?? 4096;
    let at = 0;
    return {
      index: taken.index,
      next: () => {
        if (at >= bytes.length) return undefined;
        const piece = bytes.slice(at, at + pieceBytes);
        at += piece.length;
        return piece;
      },
      close: () => {},
    };
  }

  beginRestore(index: LogIndex): StateRestore {
    const pieces: string[] = [];
    return {
      write: (piece) => {
        pieces.push(latin1Decode(piece));
      },
      finish: (done) => {
        const reader = new ByteReader(latin1Encode(pieces.join('')));
        this.bodiesApplied = Array.from({ length: reader.varint() }, () => reader.latin1());
        const origins = Array.from({ length: reader.varint() }, () => reader.latin1());
        this.origins.clear();
        for (const origin of origins) this.origins.add(origin);
        this.index = logIndex(index);
        this.restores++;
        const taken = this.snapshot();
        this.options.schedule(() => {
          this.durable = taken;
          done(undefined);
        });
      },
      abort: () => {},
    };
  }
}
