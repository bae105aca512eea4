/** Keys as a command line gives them, and the ranges that `--prefix` and `--from-key` mean. Keys are one character a byte. */

/** A word of the command line as bytes. */
export function bytesOf(word: string): string {
  return Buffer.from(word, 'utf8').toString('latin1');
}

/** The first key that does not begin with the prefix; `\0`, which stands for "to the end", if there is none. */
export function prefixEnd(prefix: string): string {
  for (let at = prefix.length - 1; at >= 0; at--) {
    const byte = prefix.charCodeAt(at);
    if (byte < 0xff) return prefix.slice(0, at) + String.fromCharCode(byte + 1);
  }
  return TO_THE_END;
}

export const TO_THE_END = '\0';
const FIRST_KEY = '\0';

export interface RangeOptions {
  readonly isPrefix: boolean;
  readonly isFromKey: boolean;
}

/** Key and end of a range. An empty prefix, and from an empty key on: every key. */
export function rangeOf(
  key: string,
  end: string,
  { isPrefix, isFromKey }: RangeOptions,
): { readonly key: string; readonly range_end: string } {
  if (isPrefix && key !== '') return { key, range_end: prefixEnd(key) };
  if (isPrefix || isFromKey) return { key: key === '' ? FIRST_KEY : key, range_end: TO_THE_END };
  return { key, range_end: end };
}
