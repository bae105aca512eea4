/** DER, as far as certificates need it: a tag, a length, the content. Writes only. */

export function element(tag: number, ...content: readonly Uint8Array[]): Buffer {
  const body = Buffer.concat(content);
  return Buffer.concat([Buffer.from([tag, ...lengthOf(body)]), body]);
}

/** One byte below 128; otherwise how many bytes, and those. */
function lengthOf({ length }: Buffer): number[] {
  if (length < 0x80) return [length];
  return length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
}

export const sequence = (...content: readonly Uint8Array[]): Buffer => element(0x30, ...content);
export const setOf = (...content: readonly Uint8Array[]): Buffer => element(0x31, ...content);
export const objectId = (bytes: readonly number[]): Buffer => element(0x06, Buffer.from(bytes));
export const utf8 = (value: string): Buffer => element(0x0c, Buffer.from(value));
export const octets = (value: Uint8Array): Buffer => element(0x04, value);
export const bits = (value: Uint8Array, unusedBits = 0): Buffer =>
  element(0x03, Buffer.from([unusedBits]), value);
export const truth = (): Buffer => element(0x01, Buffer.from([0xff]));
/** Of bytes whose first bit is 0: not negative. */
export const integer = (bytes: Uint8Array): Buffer => element(0x02, bytes);
/** Whole seconds of UTC. */
export const time = (date: Date): Buffer =>
  element(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`));

export function pem(label: string, der: Uint8Array): string {
  const text = Buffer.from(der).toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN ${label}-----\n${text}\n-----END ${label}-----\n`;
}
