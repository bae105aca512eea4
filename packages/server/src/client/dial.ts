/** One connection to one endpoint, plain or over TLS, within the dial timeout. Knows no HTTP/2. */
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { certificateHostOf } from '../sockets/socket-address.ts';
import type { Endpoint } from './endpoint.ts';

export interface TlsOptions {
  readonly authorities: Buffer | undefined;
  readonly certificate: Buffer | undefined;
  readonly key: Buffer | undefined;
  readonly isVerified: boolean;
  /** For endpoints that do not say by their scheme. */
  readonly isDefault: boolean;
}

/** Why there is no connection. */
export interface DialFailure {
  readonly kind: 'dialFailure';
  readonly text: string;
  /** It may work in a moment: nobody listens yet, or the answer was late. A certificate does not mend itself. */
  readonly mayPass: boolean;
}

/** Rejects never. */
export async function dial(
  endpoint: Endpoint,
  tls: TlsOptions,
  timeoutMs: number,
  flagPrefix = '',
): Promise<Socket | DialFailure> {
  const isSecure = endpoint.isSecure ?? tls.isDefault;
  const { address } = endpoint;
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  let socket: Socket;
  try {
    if (isSecure) {
      const { connect } = await import('node:tls');
      const host = address.kind === 'unix' ? certificateHostOf(address.path) : address.host;
      socket = connect({
        ...place,
        host,
        ALPNProtocols: ['h2'],
        rejectUnauthorized: tls.isVerified,
        ...(isIP(host) === 0 ? { servername: host } : {}),
        ...(tls.authorities === undefined ? {} : { ca: tls.authorities }),
        ...(tls.certificate === undefined ? {} : { cert: tls.certificate }),
        ...(tls.key === undefined ? {} : { key: tls.key }),
      });
    } else socket = connectPlain(place);
  } catch (error) {
    return { kind: 'dialFailure', text: (error as Error).message, mayPass: false };
  }
  socket.setNoDelay(true);
  return await new Promise((resolve) => {
    const fail = (text: string, mayPass: boolean): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve({ kind: 'dialFailure', text, mayPass });
    };
    const timer = setTimeout(() => fail(`no answer within ${timeoutMs} ms`, true), timeoutMs);
    const failed = (error: NodeJS.ErrnoException): void =>
      fail(dialErrorText(error, flagPrefix), mayErrorPass(error));
    socket.once('error', failed);
    socket.once(isSecure ? 'secureConnect' : 'connect', () => {
      clearTimeout(timer);
      socket.off('error', failed);
      resolve(socket);
    });
  });
}

/** Whether a TLS handshake comes to its end there, whoever the server is: nothing is sent over it. */
export async function speaksTls(endpoint: Endpoint, timeoutMs: number): Promise<boolean> {
  const anybody: TlsOptions = {
    authorities: undefined,
    certificate: undefined,
    key: undefined,
    isVerified: false,
    isDefault: true,
  };
  const socket = await dial({ ...endpoint, isSecure: true }, anybody, timeoutMs);
  if ('kind' in socket) return false;
  socket.destroy();
  return true;
}

const PASSING_ERRORS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'connection refused'],
  ['ECONNRESET', 'the connection was closed; does it speak TLS, and is the scheme right?'],
  ['EHOSTUNREACH', 'no route to the host'],
  ['ENETUNREACH', 'no route to the network'],
  ['ENOENT', 'no such socket'],
  ['ETIMEDOUT', 'no answer'],
]);

function mayErrorPass({ code }: NodeJS.ErrnoException): boolean {
  return code !== undefined && PASSING_ERRORS.has(code);
}

function dialErrorText(error: NodeJS.ErrnoException, flagPrefix: string): string {
  const { code } = error;
  if (code === 'ENOTFOUND') return 'no such host';
  if (code === 'EPROTO' || code?.startsWith('ERR_SSL')) return 'TLS failed; is the scheme right?';
  if (code !== undefined && /CERT|SIGNATURE|ISSUER|ALTNAME/.test(code))
    return `${error.message.split(';')[0]}; --${flagPrefix}cacert names the authority to trust`;
  const known = code === undefined ? undefined : PASSING_ERRORS.get(code);
  // A name with several addresses fails once for each, and the sum has no words of its own.
  return known ?? (error.message === '' ? (code ?? 'failed') : error.message);
}
