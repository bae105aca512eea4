/** Text of a flag to its value, by kind; each refusal names the flag as the user gave it. */
import { isIP } from 'node:net';
import { refuse, refuseUsage } from './config-problem.ts';
import { parseDuration } from './durations.ts';
import type { GivenValue } from './given-flags.ts';
import { hostOf, socketPathOf } from './urls.ts';

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

export function booleanOf({ text, origin }: GivenValue): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  invalid({ text, origin }, 'it must be true or false');
}

/** A whole number, from `min` to `max`. */
export function countOf(
  { text, origin }: GivenValue,
  min: number,
  max: number = Number.MAX_SAFE_INTEGER,
): number {
  const value = /^\+?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) invalid({ text, origin }, 'it must be a whole number');
  if (value < min) refuse(`${origin} must be at least ${min} (it is ${text})`);
  if (value > max) refuse(`${origin} must be at most ${max} (it is ${text})`);
  return value;
}

/** A whole number of either sign. */
export function wholeNumberOf({ text, origin }: GivenValue): number {
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) invalid({ text, origin }, 'it must be a whole number');
  return value;
}

export function durationMsOf({ text, origin }: GivenValue): number {
  const value = parseDuration(text);
  if (value === undefined) invalid({ text, origin }, 'it must be a duration such as 300ms, 5s or 1h30m');
  return value;
}

export function choiceOf<Choice extends string>(
  given: GivenValue,
  choices: readonly Choice[],
  laterChoices: readonly string[] = [],
): Choice {
  const choice = choices.find((one) => one === given.text);
  if (choice !== undefined) return choice;
  if (laterChoices.includes(given.text)) refuse(`${given.origin} ${given.text} is not supported yet`);
  invalid(given, `it must be ${choices.join(', ').replace(/, ([^,]*)$/, ' or $1')}`);
}

export function listOf({ text }: GivenValue): string[] {
  return text.split(',').map((part) => part.trim());
}

/** URLs as etcd takes them: a scheme, a host and a port, or a scheme and a socket's file. Sorted, as etcd keeps them. */
export function urlsOf(given: GivenValue): string[] {
  const urls = listOf(given).map((text) => checkedUrl(text, given));
  const double = urls.find((url, at) => urls.indexOf(url) !== at);
  if (double !== undefined) refuse(`${given.origin} has ${double} twice`);
  return urls.sort();
}

/** Addresses to listen on must be this machine's own: an IP address, localhost or a file, never a name to look up. */
export function listenUrlsOf(given: GivenValue): string[] {
  const urls = urlsOf(given);
  for (const url of urls) {
    const host = hostOf(url);
    if (socketPathOf(url) === undefined && host !== 'localhost' && isIP(host) === 0)
      refuse(`expected IP in URL for binding (${url}) in ${given.origin}`);
  }
  return urls;
}

function checkedUrl(text: string, given: GivenValue): string {
  const match = /^([a-z][a-z0-9+.-]*):\/\/([^/?#]*)(.*)$/i.exec(text);
  const scheme = match?.[1]?.toLowerCase() ?? '';
  if (match === null || !['http', 'https', 'unix', 'unixs'].includes(scheme))
    invalid(given, `URL scheme must be http, https, unix, or unixs: ${text}`);
  if (scheme !== 'http' && scheme !== 'https') return socketUrl(scheme, text, given);
  if (!/^(\[[0-9a-f:.]+\]|[^:\s@]+):\d{1,5}$/i.test(match[2]!) || Number(match[2]!.split(':').pop()) > 65_535)
    invalid(given, `URL address does not have the form "host:port": ${text}`);
  if (match[3] !== '') invalid(given, `URL must not contain a path: ${text}`);
  return `${scheme}://${match[2]}`;
}

/** Everything behind the scheme names the file, as with etcd: `unix://localhost:2379` is one in the working directory. */
function socketUrl(scheme: string, text: string, given: GivenValue): string {
  const path = text.slice(`${scheme}://`.length);
  if (path === '' || path.endsWith('/') || /[\s?#]/.test(path))
    invalid(given, `a socket's address has the form "${scheme}://HOST:PORT" or "${scheme}:///PATH": ${text}`);
  return `${scheme}://${path}`;
}

function invalid({ text, origin }: GivenValue, expected: string): never {
  refuseUsage(`invalid value "${text}" for ${origin}: ${expected}`);
}
