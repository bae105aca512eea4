/**
 * Recorded histories of a map from keys to values: who called what, when, and what came back. One operation concerns one
 * key, so that keys can be checked apart (linearizability is local). A line of JSON an operation.
 */

export type Call =
  | { readonly kind: 'read' }
  | { readonly kind: 'write'; readonly value: string }
  | { readonly kind: 'delete' }
  /** Writes `value` if the key holds `expected` (null: if it is not there). */
  | { readonly kind: 'compareAndSet'; readonly expected: string | null; readonly value: string };

/** What came back; undefined: nothing, so the operation took effect once, at any time after its call, or never. */
export type Return =
  | { readonly kind: 'value'; readonly value: string | null }
  | { readonly kind: 'done' }
  | { readonly kind: 'swapped'; readonly succeeded: boolean };

/** What comes back from which call. */
const RETURN_KINDS: Readonly<Record<Call['kind'], Return['kind']>> = {
  read: 'value',
  write: 'done',
  delete: 'done',
  compareAndSet: 'swapped',
};

export interface Operation {
  readonly client: number;
  readonly key: string;
  readonly call: Call;
  readonly calledAt: number;
  readonly result: Return | undefined;
  /** Meaningless without a result. */
  readonly returnedAt: number;
}

export class HistoryProblem extends Error {
  override readonly name = 'HistoryProblem';
}

/** @throws HistoryProblem with the line and what was expected. */
export function parseHistory(text: string): Operation[] {
  const operations: Operation[] = [];
  for (const [i, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    operations.push(parseLine(line, i + 1));
  }
  return operations;
}

export function formatOperation(operation: Operation): string {
  const { client, key, call, calledAt, result, returnedAt } = operation;
  const line = { client, key, call, calledAt };
  return JSON.stringify(result === undefined ? line : { ...line, result, returnedAt });
}

function parseLine(line: string, number: number): Operation {
  const broken = (expected: string): never => {
    throw new HistoryProblem(`line ${number}: expected ${expected}, found ${line.slice(0, 120)}`);
  };
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    return broken('one JSON object');
  }
  if (!isObject(parsed)) return broken('one JSON object');
  const { client, key, call, calledAt, result, returnedAt } = parsed;
  if (typeof client !== 'number') return broken('"client", a number');
  if (typeof key !== 'string') return broken('"key", a string');
  if (typeof calledAt !== 'number') return broken('"calledAt", a number');
  if (!isCall(call))
    return broken('"call" of kind read, write (value), delete or compareAndSet (expected, value)');
  if (result === undefined) return { client, key, call, calledAt, result: undefined, returnedAt: 0 };
  if (!isReturn(result)) return broken('"result" of kind value (value), done or swapped (succeeded)');
  const expected = RETURN_KINDS[call.kind];
  if (result.kind !== expected) return broken(`"result" of kind ${expected}, as the call is a ${call.kind}`);
  if (typeof returnedAt !== 'number' || returnedAt < calledAt)
    return broken('"returnedAt", a number not before "calledAt"');
  return { client, key, call, calledAt, result, returnedAt };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNull = (value: unknown): value is string | null => value === null || isText(value);

function isCall(value: unknown): value is Call {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'read':
    case 'delete':
      return true;
    case 'write':
      return isText(value['value']);
    case 'compareAndSet':
      return isTextOrNull(value['expected']) && isText(value['value']);
    default:
      return false;
  }
}

function isReturn(value: unknown): value is Return {
  if (!isObject(value)) return false;
  switch (value['kind']) {
    case 'value':
      return isTextOrNull(value['value']);
    case 'done':
      return true;
    case 'swapped':
      return typeof value['succeeded'] === 'boolean';
    default:
      return false;
  }
}
