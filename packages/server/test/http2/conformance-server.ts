/**
 * A plain server on our HTTP/2, for conformance suites that are programs of their own: it answers a request once it is
 * whole. docs/spec/http2.md has the command for h2spec and what it printed. Takes the port; prints it when it listens.
 */
import { createServer } from 'node:net';
import { encodeStateless } from '../../src/http2/hpack/encoder.ts';
import { createHttp2Listener } from '../../src/http2/listener.ts';

const HEAD = encodeStateless([
  [':status', '200'],
  ['content-type', 'text/plain'],
]);
const BODY = Buffer.from('an answer of some length\n');

const listener = createHttp2Listener({
  onStream: (stream) => ({
    onHeaders: () => undefined,
    onData: () => undefined,
    onEnd: () => {
      stream.sendHeaders(HEAD);
      stream.writeAndEnd(BODY);
    },
    onReset: () => undefined,
    onWritable: () => undefined,
  }),
});

const port = Number(process.argv[2] ?? 0);
const server = createServer((socket) => listener.accept(socket)).listen(port, '127.0.0.1', () => {
  process.stdout.write(`${JSON.stringify(server.address())}\n`);
});
