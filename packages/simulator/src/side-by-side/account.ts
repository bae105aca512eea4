/**
 * All that one client can tell of a world, in words that say nothing of when: answers, what its watch was told, and what
 * is there in the end. Revisions are counts of everybody's changes, so an account has their order instead; leases have
 * the client's own numbers instead of the names that they happened to get.
 */
import type {
  CommandResult,
  Failure,
  KeyRecord,
  LeaseId,
  RangeResult,
  Revision,
  TransactionOperationResult,
} from '@synod/coordination';
import { describeRecord, describeResult } from '../model/describe-result.ts';

export interface Account {
  readonly client: number;
  /** By step. Undefined: it took effect and its answer was lost. */
  readonly answers: readonly (string | undefined)[];
  /** What the client's watch was told, a revision a line; several lists where compactions took away what was between. */
  readonly told: readonly (readonly string[])[];
  /** Its keys, its leases and the key that all share, at the end. */
  readonly atTheEnd: readonly string[];
}

type Result = CommandResult | TransactionOperationResult | RangeResult | Failure;

/** The client's own name of a lease. */
export type LeaseName = (id: LeaseId) => string;

export function describeForAccount(results: readonly Result[], leaseName: LeaseName): string {
  const timeless = timelessOf(results.flatMap(recordsOf), leaseName);
  return results.map((result) => describeResult(withRecords(result, timeless, leaseName))).join('; ');
}

export function describeRecordForAccount(record: KeyRecord, leaseName: LeaseName): string {
  return describeRecord(timelessOf([record], leaseName)(record));
}

/** Records with the places of their revisions among those of all these records. */
function timelessOf(records: readonly KeyRecord[], leaseName: LeaseName): (record: KeyRecord) => KeyRecord {
  const revisions = new Set(
    records.flatMap(({ createRevision, modRevision }) => [createRevision, modRevision]),
  );
  const inOrder = [...revisions].sort((a, b) => a - b);
  const place = (revision: number): Revision => (inOrder.indexOf(revision as Revision) + 1) as Revision;
  return (record) => ({
    ...record,
    createRevision: place(record.createRevision),
    modRevision: place(record.modRevision),
    lease: (record.lease === '' ? '' : leaseName(record.lease)) as LeaseId,
  });
}

function recordsOf(result: Result): readonly KeyRecord[] {
  switch (result.kind) {
    case 'range':
      return result.records;
    case 'put':
      return result.previous === undefined ? [] : [result.previous];
    case 'deleteRange':
      return result.previous;
    case 'transaction':
      return result.results.flatMap(recordsOf);
    default:
      return [];
  }
}

function withRecords<Given extends Result>(
  result: Given,
  change: (record: KeyRecord) => KeyRecord,
  leaseName: LeaseName,
): Given;
function withRecords(result: Result, change: (record: KeyRecord) => KeyRecord, leaseName: LeaseName): Result {
  const revision = 0 as Revision;
  switch (result.kind) {
    case 'range':
      return { ...result, revision, records: result.records.map(change) };
    case 'put':
      return { ...result, revision, previous: result.previous && change(result.previous) };
    case 'deleteRange':
      return { ...result, revision, previous: result.previous.map(change) };
    case 'transaction':
      return {
        ...result,
        revision,
        results: result.results.map((inner) => withRecords(inner, change, leaseName)),
      };
    case 'leaseGranted':
      return { ...result, revision, id: leaseName(result.id) as LeaseId };
    case 'failure': {
      const { reason } = result;
      const named = 'id' in reason ? { ...reason, id: leaseName(reason.id as LeaseId) as LeaseId } : reason;
      return { ...result, revision, reason: named as Failure['reason'] };
    }
    default:
      return { ...result, revision };
  }
}

/** Answers that both clients of each pair got. */
export function answersCompared(left: Told, right: Told): number {
  let count = 0;
  for (const [i, { answers }] of left.accounts.entries())
    for (const [step, answer] of answers.entries())
      if (answer !== undefined && right.accounts[i]?.answers[step] !== undefined) count++;
  return count;
}

interface Told {
  readonly protocol: string;
  readonly accounts: readonly Account[];
}

/** The first thing that one client could tell apart; undefined: nothing. */
export function difference(left: Told, right: Told): string | undefined {
  if (left.accounts.length !== right.accounts.length)
    return `${left.accounts.length} clients on ${left.protocol}, ${right.accounts.length} on ${right.protocol}`;
  for (const [i, account] of left.accounts.entries()) {
    const other = right.accounts[i]!;
    const told = (what: string, ours: string | undefined, theirs: string | undefined): string =>
      `client ${account.client} can tell: ${what}\n  ${left.protocol}: ${ours ?? '-'}\n  ${right.protocol}: ${theirs ?? '-'}`;
    for (const [step, answer] of account.answers.entries()) {
      const otherAnswer = other.answers[step];
      if (answer !== undefined && otherAnswer !== undefined && answer !== otherAnswer)
        return told(`step ${step + 1} was answered`, answer, otherAnswer);
    }
    const history = historyDifference(account, other);
    if (history !== undefined) return told('its watch was told', ...history);
    const lines = Math.max(account.atTheEnd.length, other.atTheEnd.length);
    for (let line = 0; line < lines; line++)
      if (account.atTheEnd[line] !== other.atTheEnd[line])
        return told('at the end there is', account.atTheEnd[line], other.atTheEnd[line]);
  }
  return undefined;
}

/** Whole histories are compared whole; of those with gaps, what both have before the first and after the last. */
function historyDifference(
  left: Account,
  right: Account,
): [ours: string | undefined, theirs: string | undefined] | undefined {
  const isWhole = left.told.length === 1 && right.told.length === 1;
  const common = isWhole ? Math.max : Math.min;
  const [leftFirst, rightFirst] = [left.told.at(0)!, right.told.at(0)!];
  for (let line = 0; line < common(leftFirst.length, rightFirst.length); line++)
    if (leftFirst[line] !== rightFirst[line]) return [leftFirst[line], rightFirst[line]];
  const [leftLast, rightLast] = [left.told.at(-1)!, right.told.at(-1)!];
  for (let back = common(leftLast.length, rightLast.length); back >= 1; back--)
    if (leftLast.at(-back) !== rightLast.at(-back)) return [leftLast.at(-back), rightLast.at(-back)];
  return undefined;
}
