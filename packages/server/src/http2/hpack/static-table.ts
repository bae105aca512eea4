/** The static table of HPACK (RFC 7541 appendix A), and where its names and fields are. */
import { HeaderField } from './header-field.ts';

const ENTRIES: readonly (readonly [name: string, value: string])[] = [
  [':authority', ''],
  [':method', 'GET'],
  [':method', 'POST'],
  [':path', '/'],
  [':path', '/index.html'],
  [':scheme', 'http'],
  [':scheme', 'https'],
  [':status', '200'],
  [':status', '204'],
  [':status', '206'],
  [':status', '304'],
  [':status', '400'],
  [':status', '404'],
  [':status', '500'],
  ['accept-charset', ''],
  ['accept-encoding', 'gzip, deflate'],
  ['accept-language', ''],
  ['accept-ranges', ''],
  ['accept', ''],
  ['access-control-allow-origin', ''],
  ['age', ''],
  ['allow', ''],
  ['authorization', ''],
  ['cache-control', ''],
  ['content-disposition', ''],
  ['content-encoding', ''],
  ['content-language', ''],
  ['content-length', ''],
  ['content-location', ''],
  ['content-range', ''],
  ['content-type', ''],
  ['cookie', ''],
  ['date', ''],
  ['etag', ''],
  ['expect', ''],
  ['expires', ''],
  ['from', ''],
  ['host', ''],
  ['if-match', ''],
  ['if-modified-since', ''],
  ['if-none-match', ''],
  ['if-range', ''],
  ['if-unmodified-since', ''],
  ['last-modified', ''],
  ['link', ''],
  ['location', ''],
  ['max-forwards', ''],
  ['proxy-authenticate', ''],
  ['proxy-authorization', ''],
  ['range', ''],
  ['referer', ''],
  ['refresh', ''],
  ['retry-after', ''],
  ['server', ''],
  ['set-cookie', ''],
  ['strict-transport-security', ''],
  ['transfer-encoding', ''],
  ['user-agent', ''],
  ['vary', ''],
  ['via', ''],
  ['www-authenticate', ''],
];

export const STATIC_ENTRIES = ENTRIES.length;

/** Index 1 to 61, as on the wire; 0 is a placeholder that no decoder reaches. */
export const STATIC_TABLE: readonly HeaderField[] = [
  new HeaderField('', ''),
  ...ENTRIES.map(([name, value]) => new HeaderField(name, value)),
];

/** The lowest index with this name. */
export const STATIC_INDEX_OF_NAME: ReadonlyMap<string, number> = new Map(
  ENTRIES.map(([name], position) => [name, position + 1] as const).reverse(),
);

/** The index of a whole field; the key is `fieldKey`. */
export const STATIC_INDEX_OF_FIELD: ReadonlyMap<string, number> = new Map(
  ENTRIES.map(([name, value], position) => [fieldKey(name, value), position + 1] as const),
);

/** One string for a name and a value: a zero byte occurs in neither. */
export function fieldKey(name: string, value: string): string {
  return `${name}\0${value}`;
}
