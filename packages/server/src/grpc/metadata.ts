/** The encodings that gRPC puts into header fields: percent-encoded texts and timeouts. */

/** `grpc-message`: printable ASCII but `%` stays; every other byte of the UTF-8 form becomes `%XX`. */
export function percentEncode(text: string): string {
  if (/^[\x20-\x24\x26-\x7e]*$/.test(text) && text === text.trim()) return text;
  let encoded = '';
  const bytes = Buffer.from(text, 'utf8');
  bytes.forEach((byte, position) => {
    const atEnd = position === 0 || position === bytes.length - 1;
    const plain = byte > 0x20 && byte < 0x7f && byte !== 0x25;
    if (plain || (byte === 0x20 && !atEnd)) encoded += String.fromCharCode(byte);
    else encoded += `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  });
  return encoded;
}

/** Never fails: what is no escape stays as it is. */
export function percentDecode(text: string): string {
  if (!text.includes('%')) return text;
  const bytes: number[] = [];
  for (let i = 0; i < text.length; i++) {
    const hex = text[i] === '%' ? text.slice(i + 1, i + 3) : '';
    if (/^[0-9a-fA-F]{2}$/.test(hex)) {
      bytes.push(Number.parseInt(hex, 16));
      i += 2;
    } else {
      bytes.push(text.charCodeAt(i) & 0xff);
    }
  }
  return Buffer.from(bytes).toString('utf8');
}

const MILLISECONDS_OF_UNIT: ReadonlyMap<string, number> = new Map([
  ['H', 3_600_000],
  ['M', 60_000],
  ['S', 1_000],
  ['m', 1],
  ['u', 1e-3],
  ['n', 1e-6],
]);
const TIMEOUT_DIGITS_MAX = 8;

/** `grpc-timeout` in milliseconds; undefined: malformed. */
export function parseTimeout(text: string): number | undefined {
  const digits = text.length - 1;
  const unit = MILLISECONDS_OF_UNIT.get(text.charAt(digits));
  if (unit === undefined || digits < 1 || digits > TIMEOUT_DIGITS_MAX) return undefined;
  let value = 0;
  for (let i = 0; i < digits; i++) {
    const digit = text.charCodeAt(i) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value * unit;
}

/** The finest unit that takes at most eight digits. */
export function formatTimeout(timeoutMs: number): string {
  const largest = 10 ** TIMEOUT_DIGITS_MAX - 1;
  if (timeoutMs * 1000 <= largest) return `${Math.max(0, Math.floor(timeoutMs * 1000))}u`;
  if (timeoutMs <= largest) return `${Math.floor(timeoutMs)}m`;
  return `${Math.min(largest, Math.floor(timeoutMs / 1000))}S`;
}
