/** The value of `--auth-token` to what it means: `simple`, or `jwt` with its options, in etcd's grammar. Reads no file. */
import { parseDuration } from '../config/durations.ts';

const SIGN_METHODS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'HS256',
  'HS384',
  'HS512',
  'EdDSA',
] as const;
export type SignMethod = (typeof SIGN_METHODS)[number];

export type TokenOptions =
  | { readonly kind: 'simple' }
  | {
      readonly kind: 'jwt';
      readonly signMethod: SignMethod;
      readonly ttlMs: number;
      /** Paths; at least one is given. */
      readonly publicKeyFile: string | undefined;
      readonly privateKeyFile: string | undefined;
    };

const KNOWN = new Set(['sign-method', 'pub-key', 'priv-key', 'ttl']);
const DEFAULT_TTL_MS = 300_000;

/** The options, or what is wrong with the text. */
export function tokenOptionsOf(text: string): TokenOptions | string {
  const [kind, ...parts] = text.split(',');
  if (kind === 'simple') return { kind: 'simple' };
  if (kind !== 'jwt') return 'it must be simple, or jwt with options';
  const options = new Map<string, string>();
  for (const part of parts) {
    const [name, value, ...rest] = part.split('=');
    if (name === undefined || value === undefined || rest.length > 0)
      return `"${part}" does not have the form option=value`;
    if (!KNOWN.has(name)) return `jwt has no option ${name} (it has ${[...KNOWN].join(', ')})`;
    if (options.has(name)) return `${name} is given twice`;
    options.set(name, value);
  }
  const signMethod = SIGN_METHODS.find((method) => method === options.get('sign-method'));
  if (signMethod === undefined) return `jwt needs a sign-method: one of ${SIGN_METHODS.join(', ')}`;
  const ttlMs = options.has('ttl') ? parseDuration(options.get('ttl')!) : DEFAULT_TTL_MS;
  if (ttlMs === undefined || ttlMs <= 0) return 'ttl must be a duration such as 5m';
  const publicKeyFile = options.get('pub-key');
  const privateKeyFile = options.get('priv-key');
  if (publicKeyFile === undefined && privateKeyFile === undefined)
    return 'jwt needs pub-key, priv-key or both';
  return { kind: 'jwt', signMethod, ttlMs, publicKeyFile, privateKeyFile };
}
