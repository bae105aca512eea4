/**
 * What a watcher is told is what the log says changed: every matching change of every revision from its start, in order,
 * once, whole (C7 to C10), filtered as asked (C13), with the right records before and after (C14, C15), nothing older than
 * asked for (C16), and progress only after all it speaks of (C12).
 */
import type { KeyEvent, Revision, WatchEvent, WatchSpec } from '@synod/coordination';
import { describeRecord } from '../model/describe-result.ts';
import type { ReferenceKeyspace } from '../model/reference-keyspace.ts';
import { isInSpan } from '../model/reference-record.ts';
import { require } from './rule-broken.ts';

export class CheckedWatch {
  private readonly name: string;
  private readonly spec: WatchSpec;
  private readonly keyspace: ReferenceKeyspace;
  /** The first revision it was not yet told of. Rises. */
  nextRevision: number;
  /** Events it was told of. */
  told = 0;

  /** `currentRevision`: the member's, when the watcher was made. */
  constructor(name: string, spec: WatchSpec, currentRevision: number, keyspace: ReferenceKeyspace) {
    this.name = name;
    this.spec = spec;
    this.keyspace = keyspace;
    this.nextRevision = spec.startRevision > 0 ? spec.startRevision : currentRevision + 1;
  }

  events(events: readonly WatchEvent[]): void {
    const last = events.at(-1)?.record.modRevision ?? 0;
    const expected = this.expectedUpTo(last);
    require(events.length === expected.length, 'C9', () =>
      `${this.name} was told of ${events.length} changes from ${this.nextRevision} to ${last}, and the log has ${expected.length}`);
    for (const [i, event] of events.entries()) this.compare(event, expected[i]!);
    this.told += events.length;
    this.nextRevision = last + 1;
  }

  progress(revision: Revision): void {
    const missed = this.expectedUpTo(revision);
    require(missed.length === 0, 'C12', () =>
      `${this.name} heard of progress to ${revision} and was not told of ${missed[0]!.record.modRevision}`);
    this.nextRevision = Math.max(this.nextRevision, revision + 1);
  }

  compacted(compactRevision: Revision): void {
    require(this.nextRevision < compactRevision, 'C11', () =>
      `${this.name} at ${this.nextRevision} was ended by a compaction at ${compactRevision}`);
  }

  /** What it was not told of up to a revision; undefined: nothing (C17). */
  missing(revision: number): string | undefined {
    const missed = this.expectedUpTo(revision);
    return missed.length === 0 ? undefined : `${this.name} was not told of ${missed[0]!.record.modRevision}`;
  }

  private expectedUpTo(last: number): KeyEvent[] {
    const { span, puts, deletes } = this.spec;
    const expected: KeyEvent[] = [];
    for (let revision = this.nextRevision; revision <= last; revision++)
      for (const event of this.keyspace.eventsOf(revision))
        if (isInSpan(event.record.key, span) && (event.kind === 'put' ? puts : deletes)) expected.push(event);
    return expected;
  }

  private compare(event: WatchEvent, expected: KeyEvent): void {
    const describe = ({ kind, record }: KeyEvent): string => `${kind} ${describeRecord(record)}`;
    require(describe(event) === describe(expected), 'C15', () =>
      `${this.name} was told\n  ${describe(event)}\nand the log says\n  ${describe(expected)}`);
    if (!this.spec.previous) return;
    const { key, modRevision } = expected.record;
    // As etcd has it, a creation replaces nothing, even where its own revision deleted the key first.
    const isCreation = expected.kind === 'put' && expected.record.version === 1;
    const before = isCreation ? undefined : this.keyspace.recordBefore(key, modRevision);
    const isGone = event.previous === undefined && this.keyspace.compactRevision >= modRevision;
    require(isGone || describeRecord(event.previous) === describeRecord(before), 'C14', () =>
      `${this.name} was told that ${key} was ${describeRecord(event.previous)}, and it was ${describeRecord(before)}`);
  }
}
