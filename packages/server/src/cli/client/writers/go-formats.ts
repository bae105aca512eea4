/** Values as Go's standard library writes them, because etcdctl's output is made of them. */

/** `%q` of bytes (one character a byte) that are mostly UTF-8. Gives text. */
export function goQuote(latin1: string): string {
  let quoted = '"';
  for (const character of decodeOrEscape(Buffer.from(latin1, 'latin1'))) quoted += character;
  return `${quoted}"`;
}

const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['"', '\\"'],
  ['\\', '\\\\'],
  ['\x07', '\\a'],
  ['\b', '\\b'],
  ['\f', '\\f'],
  ['\n', '\\n'],
  ['\r', '\\r'],
  ['\t', '\\t'],
  ['\v', '\\v'],
]);
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Printable characters as they are, the others escaped, bytes that are no character by their number. */
function* decodeOrEscape(bytes: Buffer): Generator<string> {
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) {
      yield `\\x${hex(bytes[at]!, 2)}`;
      at++;
      continue;
    }
    const character = bytes.toString('utf8', at, at + length);
    yield ESCAPES.get(character) ?? (isPrintable(character) ? character : escaped(character));
    at += length;
  }
}

/** The bytes of the character that begins here; 0 if none does. */
function sequenceLength(bytes: Buffer, at: number): number {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (at + length > bytes.length) return 0;
  try {
    strictUtf8.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

function isPrintable(character: string): boolean {
  return character === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(character);
}

function escaped(character: string): string {
  const point = character.codePointAt(0)!;
  if (point < 0x80) return `\\x${hex(point, 2)}`;
  return point < 0x1_0000 ? `\\u${hex(point, 4)}` : `\\U${hex(point, 8)}`;
}

function hex(value: number, digits: number): string {
  return value.toString(16).padStart(digits, '0');
}

/** A duration: `1.388213ms`, `2.5s`, `850µs`. */
export function goDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6);
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const seconds = nanoseconds / 1e9;
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  const rest = `${Number((seconds - 60 * minutes).toFixed(9))}s`;
  return minutes < 60 ? `${minutes}m${rest}` : `${Math.floor(minutes / 60)}h${minutes % 60}m${rest}`;
}

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** A size in powers of 1000, two digits where the first alone would say little: `25 kB`, `1.5 MB`. */
export function sizeText(bytes: number): string {
  if (bytes < 10) return `${bytes} B`;
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3 + 1e-12));
  const value = Math.floor((bytes / 1000 ** power) * 10 + 0.5) / 10;
  return `${value < 10 ? value.toFixed(1) : roundHalfEven(value)} ${UNITS[power]}`;
}

function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const isHalf = Math.abs(value - floor - 0.5) < 1e-9;
  return isHalf ? floor + (floor % 2) : Math.round(value);
}

/** A key or value for a person: as it is, or each byte in hexadecimal. */
export function shownBytes(latin1: string, isHex: boolean): string {
  if (!isHex) return latin1;
  return Array.from(latin1, (byte) => `\\x${hex(byte.charCodeAt(0), 2)}`).join('');
}
