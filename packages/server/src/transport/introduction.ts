/** Where a member can be reached, as it tells its peers itself: a peer whose list of members is older than it learns so. */

/** URLs beyond are left out: more than any member has. */
const URLS_MAX = 16;
const URL_LENGTH_MAX = 1_024;
const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:', 'unix:', 'unixs:']);

export function encodeIntroduction(urls: readonly string[]): Uint8Array {
  return Buffer.from(urls.join('\n'), 'utf8');
}

/** What are no URLs of a member is left out. */
export function decodeIntroduction(bytes: Uint8Array): string[] {
  if (bytes.length > URLS_MAX * URL_LENGTH_MAX) return [];
  return Buffer.from(bytes)
    .toString('utf8')
    .split('\n')
    .slice(0, URLS_MAX)
    .filter((url) => URL.canParse(url) && SCHEMES.has(new URL(url).protocol));
}
