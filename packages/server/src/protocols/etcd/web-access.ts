/**
 * Which web pages may ask over HTTP/1.1, and by which names of this machine: `--cors` and `--host-whitelist`. The second keeps
 * out a page whose own name was pointed at this member (DNS rebinding); TLS does so by itself. Knows no path and no service.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { TLSSocket } from 'node:tls';
import { sendText } from './http-answers.ts';

export interface WebAccess {
  /** Origins as browsers send them, such as `https://console.example.com`. */
  readonly origins: readonly string[] | 'any';
  /** Names or IP addresses, without a port. */
  readonly hosts: readonly string[] | 'any';
}

/** etcd's default. */
export const ANY_WEB_ACCESS: WebAccess = { origins: 'any', hosts: 'any' };

const METHODS = 'POST, GET, OPTIONS, PUT, DELETE';
const HEADERS = 'accept, content-type, authorization';
const MISDIRECTED = 421;

/** Answers who may not ask, and whoever asks what it may; gives true where that was all. */
export function answersForAccess(
  access: WebAccess,
  request: IncomingMessage,
  response: ServerResponse,
): boolean {
  const host = hostnameOf(request.headers.host ?? '');
  const isSecure = request.socket instanceof TLSSocket;
  if (!isSecure && access.hosts !== 'any' && !access.hosts.includes(host)) {
    sendText(
      response,
      MISDIRECTED,
      `this member does not serve requests for the host ${JSON.stringify(host)}: name it in --host-whitelist, or use TLS\n`,
    );
    return true;
  }
  const origin = allowedOrigin(access, request.headers.origin);
  if (origin !== undefined) {
    response.setHeader('access-control-allow-methods', METHODS);
    response.setHeader('access-control-allow-origin', origin);
    response.setHeader('access-control-allow-headers', HEADERS);
  }
  // What is answered then depends on who asks, which a cache between must know.
  if (access.origins !== 'any') response.setHeader('vary', 'Origin');
  if (request.method !== 'OPTIONS') return false;
  response.writeHead(200).end();
  return true;
}

/** Without the port: `[::1]:2379` is `::1`. What is no host stays as it is, and is on no list. */
function hostnameOf(host: string): string {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*))(?::[^:]*)?$/.exec(host);
  return match?.[1] ?? match?.[2] ?? host;
}

function allowedOrigin({ origins }: WebAccess, asked: string | undefined): string | undefined {
  if (origins === 'any') return '*';
  return asked !== undefined && origins.includes(asked) ? asked : undefined;
}
