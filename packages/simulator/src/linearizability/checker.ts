/**
 * Whether a history could have come from one map that does one thing at a time (Wing and Gong 1993; with Lowe's
 * memoisation, 2017). Keys are checked apart. Knows nothing of logs or revisions: it is the second opinion.
 *
 * The search keeps the calls and returns of one key as a list in time. It takes any operation that was called before the
 * first return that is left, if the register allows it, and goes on; where it is stuck it takes the last one back. A state
 * that was reached before, by the same operations in another order, is not searched again. Operations without a result
 * never return, so they may be taken at any time after their call, or left out.
 */
import type { Operation } from './history.ts';
import { type Register, step } from './register.ts';

export type Verdict =
  | { readonly kind: 'linearizable'; readonly keys: number; readonly operations: number }
  | {
      readonly kind: 'notLinearizable';
      readonly key: string;
      /** As many operations of the key as could be put in an order; the next ones cannot follow. */
      readonly longest: readonly Operation[];
      /** The operation that has returned by then and fits nowhere. */
      readonly stuckAt: Operation;
    }
  /** Given up: too many states to search. */
  | { readonly kind: 'undecided'; readonly key: string; readonly states: number };

export const STATES_MAX_DEFAULT = 2_000_000;

export function checkHistory(history: readonly Operation[], statesMax: number = STATES_MAX_DEFAULT): Verdict {
  const byKey = new Map<string, Operation[]>();
  for (const operation of history) {
    const operations = byKey.get(operation.key);
    if (operations === undefined) byKey.set(operation.key, [operation]);
    else operations.push(operation);
  }
  for (const [key, operations] of byKey) {
    const failure = new KeySearch(key, operations, statesMax).run();
    if (failure !== undefined) return failure;
  }
  return { kind: 'linearizable', keys: byKey.size, operations: history.length };
}

/** A call or a return, in a doubly linked list by time. */
interface Moment {
  readonly operation: number;
  readonly isCall: boolean;
  /** Of a call: its return, if it has one. */
  answer: Moment | undefined;
  before: Moment | undefined;
  next: Moment | undefined;
}

interface Taken {
  readonly moment: Moment;
  readonly valueBefore: Register;
}

class KeySearch {
  private readonly key: string;
  private readonly operations: readonly Operation[];
  private readonly statesMax: number;
  /** Stands before the first moment. */
  private readonly head: Moment;
  /** Which operations are taken, as bits. */
  private readonly taken: Uint32Array;
  /** Operations with a result that are not taken. */
  private missing: number;
  /** States seen: taken bits and value. */
  private readonly seen = new Set<string>();
  private readonly stack: Taken[] = [];
  private longest: readonly Operation[] = [];
  private stuckAt: Operation | undefined;

  constructor(key: string, operations: readonly Operation[], statesMax: number) {
    this.key = key;
    this.operations = operations;
    this.statesMax = statesMax;
    this.head = listOf(operations);
    this.taken = new Uint32Array(Math.ceil(operations.length / 32));
    this.missing = operations.filter(({ result }) => result !== undefined).length;
  }

  run(): Exclude<Verdict, { kind: 'linearizable' }> | undefined {
    let value: Register = null;
    let moment = this.head.next;
    while (this.missing > 0) {
      if (this.seen.size > this.statesMax)
        return { kind: 'undecided', key: this.key, states: this.seen.size };
      if (moment?.isCall === true) {
        const { call, result } = this.operations[moment.operation]!;
        const after = step(value, call, result);
        if (after !== undefined && this.isNew(moment.operation, after.value)) {
          this.take(moment, value);
          value = after.value;
          moment = this.head.next;
        } else moment = moment.next;
        continue;
      }
      // Something returns here, or nothing is left, and it could not be taken: go back.
      this.noteStuck(moment);
      const last = this.stack.pop();
      if (last === undefined) return this.failure();
      value = last.valueBefore;
      this.putBack(last.moment);
      moment = last.moment.next;
    }
    return undefined;
  }

  private isNew(operation: number, value: Register): boolean {
    this.flip(operation);
    const state = `${this.taken.join()} ${value ?? ''}${value === null ? '!' : '.'}`;
    this.flip(operation);
    if (this.seen.has(state)) return false;
    this.seen.add(state);
    return true;
  }

  private take(moment: Moment, valueBefore: Register): void {
    this.stack.push({ moment, valueBefore });
    this.flip(moment.operation);
    unlink(moment);
    if (moment.answer === undefined) return;
    unlink(moment.answer);
    this.missing--;
  }

  private putBack(moment: Moment): void {
    this.flip(moment.operation);
    if (moment.answer !== undefined) {
      relink(moment.answer);
      this.missing++;
    }
    relink(moment);
  }

  private flip(operation: number): void {
    this.taken[operation >> 5]! ^= 1 << (operation & 31);
  }

  private noteStuck(moment: Moment | undefined): void {
    if (moment === undefined || (this.stuckAt !== undefined && this.stack.length <= this.longest.length))
      return;
    this.longest = this.stack.map((taken) => this.operations[taken.moment.operation]!);
    this.stuckAt = this.operations[moment.operation];
  }

  private failure(): Verdict & { kind: 'notLinearizable' } {
    return {
      kind: 'notLinearizable',
      key: this.key,
      longest: this.longest,
      stuckAt: this.stuckAt ?? this.operations[0]!,
    };
  }
}

function listOf(operations: readonly Operation[]): Moment {
  const timed: { readonly at: number; readonly order: number; readonly moment: Moment }[] = [];
  for (const [operation, { calledAt, returnedAt, result }] of operations.entries()) {
    const answer = result === undefined ? undefined : newMoment(operation, false);
    const call = newMoment(operation, true);
    call.answer = answer;
    timed.push({ at: calledAt, order: 0, moment: call });
    // Calls come before returns of the same instant: who cannot tell must allow both orders.
    if (answer !== undefined) timed.push({ at: returnedAt, order: 1, moment: answer });
  }
  timed.sort((a, b) => a.at - b.at || a.order - b.order);
  const head = newMoment(-1, false);
  let last = head;
  for (const { moment } of timed) {
    moment.before = last;
    last.next = moment;
    last = moment;
  }
  return head;
}

function newMoment(operation: number, isCall: boolean): Moment {
  return { operation, isCall, answer: undefined, before: undefined, next: undefined };
}

function unlink(moment: Moment): void {
  if (moment.before !== undefined) moment.before.next = moment.next;
  if (moment.next !== undefined) moment.next.before = moment.before;
}

/** In the reverse order of unlinking, every neighbour is again where it was. */
function relink(moment: Moment): void {
  if (moment.before !== undefined) moment.before.next = moment;
  if (moment.next !== undefined) moment.next.before = moment;
}
