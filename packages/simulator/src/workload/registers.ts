/**
 * Operations on a few keys that nothing else touches (they sort before all other keys), recorded as a history that the
 * linearizability checker judges without any knowledge of the log.
 */
import { latin1Decode } from '@synod/consensus';
import type { CommandResult, Failure, Key, KeySpan, RangeResult } from '@synod/coordination';
import { key, type TransactionCommand } from '@synod/coordination';
import type { Call, Operation, Return } from '../linearizability/history.ts';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { CommandMaker } from './commands.ts';

const REGISTERS = 3;

/** One operation that is under way. */
export interface RegisterOperation {
  readonly key: Key;
  readonly span: KeySpan;
  readonly call: Call;
  readonly calledAt: number;
}

export class Registers {
  readonly history: Operation[] = [];
  private readonly client: number;
  private readonly random: SeededRandom;
  private readonly maker: CommandMaker;
  /** The value last seen of each: what a swap expects. */
  private readonly seen = new Map<Key, string | null>();

  constructor(client: number, random: SeededRandom, maker: CommandMaker) {
    this.client = client;
    this.random = random;
    this.maker = maker;
  }

  begin(nowMs: number): RegisterOperation {
    const { random } = this;
    const of = key(`a${random.below(REGISTERS)}`);
    return { key: of, span: { from: of, to: undefined }, call: this.drawCall(of), calledAt: nowMs };
  }

  /** The command of an operation that is not a read. Deleting is a transaction too, so that all answers look alike. */
  commandOf({ key: of, span, call }: RegisterOperation): TransactionCommand {
    const put = { ...this.maker.put(), key: of };
    const compares: TransactionCommand['compares'] =
      call.kind !== 'compareAndSet'
        ? []
        : call.expected === null
          ? [{ span, result: 'equal', target: 'createRevision', number: 0 }]
          : [{ span, result: 'equal', target: 'value', value: bytesOf(call.expected) }];
    const success =
      call.kind === 'delete'
        ? [this.maker.deleteRange(span)]
        : call.kind === 'read'
          ? []
          : [{ ...put, value: bytesOf(call.value) }];
    return { module: 'keyspace', kind: 'transaction', compares, success, failure: [] };
  }

  /** Without a result it is not known whether it took effect. */
  ended(
    operation: RegisterOperation,
    nowMs: number,
    result: CommandResult | RangeResult | Failure | undefined,
  ): void {
    const { client } = this;
    const { key: of, call, calledAt } = operation;
    const returned = returnOf(call, result);
    // A read that failed did nothing.
    if (call.kind === 'read' && returned === undefined) return;
    if (returned?.kind === 'value') this.seen.set(of, returned.value);
    this.history.push({ client, key: of, call, calledAt, result: returned, returnedAt: nowMs });
  }

  private drawCall(of: Key): Call {
    const { random } = this;
    const choice = random.next();
    if (choice < 0.45) return { kind: 'read' };
    if (choice < 0.55) return { kind: 'delete' };
    const value = latin1Decode(this.maker.value());
    if (choice < 0.75) return { kind: 'write', value };
    return { kind: 'compareAndSet', expected: this.seen.get(of) ?? null, value };
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

function returnOf(call: Call, result: CommandResult | RangeResult | Failure | undefined): Return | undefined {
  if (result?.kind === 'range') {
    const [record] = result.records;
    return { kind: 'value', value: record === undefined ? null : latin1Decode(record.value) };
  }
  if (result?.kind !== 'transaction') return undefined;
  return call.kind === 'compareAndSet' ? { kind: 'swapped', succeeded: result.succeeded } : { kind: 'done' };
}
