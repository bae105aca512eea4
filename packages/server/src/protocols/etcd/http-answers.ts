/** How the HTTP/1.1 side answers in text, and the one rule of methods that its own paths share. */
import type { IncomingMessage, ServerResponse } from 'node:http';

export const TEXT_TYPE = 'text/plain; charset=utf-8';
export const JSON_TYPE = 'application/json';

export function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': TEXT_TYPE, 'x-content-type-options': 'nosniff' }).end(text);
}

/** Answers every method but GET, and gives true. */
export function refusesMethod(request: IncomingMessage, response: ServerResponse): boolean {
  if (request.method === 'GET') return false;
  response.setHeader('allow', 'GET');
  sendText(response, 405, 'Method Not Allowed\n');
  return true;
}
