/** The etcd protocol over a fake service, driven by calls that only remember what came back. */
import assert from 'node:assert/strict';
import { readPeerUrls } from '../../../src/member/peer-urls.ts';
import { PasswordHasher } from '../../../src/passwords/password-hasher.ts';
import { type Accounts, type EtcdProtocol, etcdProtocol } from '../../../src/protocols/etcd/etcd-protocol.ts';
import { ETCD_DEFAULTS, type EtcdOptions } from '../../../src/protocols/etcd/member-face.ts';
import type { StreamCall, StreamListener, UnaryCall } from '../../../src/protocols/etcd/rpc.ts';
import { FakeService } from './fake-service.ts';
import { type TableMessage, tableDecode, tableEncode } from './wire/table-codec.ts';

export const OPTIONS: EtcdOptions = {
  ...ETCD_DEFAULTS,
  electionTimeoutMs: 1000,
  readPeerUrls,
  randomBytes: () => Buffer.from('ff00000000000001', 'hex'),
};

/** Nobody has a token here, and no worker is started before it is needed. */
export const NO_ACCOUNTS: Accounts = {
  passwords: new PasswordHasher({ cost: 4 }),
  tokens: {
    identify: (_token, done) => done(undefined),
    issue: () => {
      throw new Error('no token is issued here');
    },
  },
};

export interface Setup {
  readonly service: FakeService;
  readonly protocol: EtcdProtocol;
}

export function setUp(options: Partial<EtcdOptions> = {}): Setup {
  const service = new FakeService();
  return { service, protocol: etcdProtocol(service, { ...OPTIONS, ...options }, NO_ACCOUNTS) };
}

export class FakeUnaryCall implements UnaryCall {
  private readonly headers: Readonly<Record<string, string>>;
  /** What came back, in order: a call must get exactly one. */
  readonly answers: ({ readonly bytes: Buffer } | { readonly grpcCode: number; readonly text: string })[] =
    [];

  readonly message: Uint8Array;
  onCancel: UnaryCall['onCancel'];

  constructor(message: Uint8Array, headers: Readonly<Record<string, string>>) {
    this.message = message;
    this.headers = headers;
  }
  metadata(name: string): string | undefined {
    return this.headers[name];
  }
  respond(message: Uint8Array): void {
    this.answers.push({ bytes: Buffer.from(message) });
  }
  respondInParts(parts: readonly Uint8Array[]): void {
    this.respond(Buffer.concat(parts));
  }
  fail(grpcCode: number, text: string): void {
    this.answers.push({ grpcCode, text });
  }

  /** The one answer in hex, or its status. */
  get answer(): string {
    assert.equal(this.answers.length, 1, 'a call has exactly one answer');
    const [only] = this.answers;
    return 'bytes' in only! ? only.bytes.toString('hex') : `${only!.grpcCode} ${only!.text}`;
  }
  decoded(message: string): TableMessage {
    return tableDecode(message, Buffer.from(this.answer, 'hex'));
  }
}

/** Calls one of etcd's, by `Service/Method`, with a request as the tables name its fields or as bytes. */
export function call(
  { protocol }: Setup,
  path: string,
  request: Uint8Array | readonly [message: string, fields: TableMessage],
  headers: Readonly<Record<string, string>> = {},
): FakeUnaryCall {
  const handler = protocol.methods.get(path.startsWith('/') ? path : `/etcdserverpb.${path}`);
  assert.ok(handler?.kind === 'unary', `${path} is a call with one answer`);
  const made = new FakeUnaryCall(bytesOf(request), headers);
  handler.handler(made);
  return made;
}

export class FakeStreamCall implements StreamCall {
  private readonly headers: Readonly<Record<string, string>>;
  readonly messages: Buffer[] = [];
  /** `OK`, or code and text; undefined while the call goes on. */
  status: string | undefined;
  /** What `send` says. */
  flowing = true;
  /** Of the message that was begun. */
  bytesToCome = 0;
  /** The sizes of all parts that came. */
  readonly partBytes: number[] = [];

  constructor(headers: Readonly<Record<string, string>>) {
    this.headers = headers;
  }
  metadata(name: string): string | undefined {
    return this.headers[name];
  }
  send(message: Uint8Array): boolean {
    assert.equal(this.status, undefined, 'nothing is sent after the status');
    assert.equal(this.bytesToCome, 0, 'nothing is sent in the middle of a message');
    this.messages.push(Buffer.from(message));
    return this.flowing;
  }
  beginMessage(bytes: number): void {
    this.send(Buffer.alloc(0));
    this.bytesToCome = bytes;
  }
  continueMessage(part: Uint8Array): boolean {
    assert.equal(this.status, undefined, 'nothing is sent after the status');
    this.bytesToCome -= part.length;
    assert.ok(this.bytesToCome >= 0, 'a message is as long as it said');
    this.partBytes.push(part.length);
    this.messages.push(Buffer.concat([this.messages.pop()!, part]));
    return this.flowing;
  }
  finish(): void {
    assert.equal(this.status, undefined, 'a call ends once');
    this.status = 'OK';
  }
  fail(grpcCode: number, text: string): void {
    assert.equal(this.status, undefined, 'a call ends once');
    this.status = `${grpcCode} ${text}`;
  }
}

export interface OpenStream {
  readonly call: FakeStreamCall;
  readonly listener: StreamListener;
  /** Sends a message and gives back, in hex, what came at once. */
  say(request: Uint8Array | readonly [message: string, fields: TableMessage]): string[];
  /** What came since it was last looked, in hex. */
  heard(): string[];
}

export function open(
  { protocol }: Setup,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): OpenStream {
  const handler = protocol.methods.get(path.startsWith('/') ? path : `/etcdserverpb.${path}`);
  assert.ok(handler?.kind === 'stream', `${path} is a stream`);
  const made = new FakeStreamCall(headers);
  const listener = handler.open(made);
  let looked = 0;
  const heard = (): string[] => {
    const since = made.messages.slice(looked);
    looked = made.messages.length;
    return since.map((message) => message.toString('hex'));
  };
  return {
    call: made,
    listener,
    heard,
    say(request) {
      listener.onMessage(bytesOf(request));
      return heard();
    },
  };
}

function bytesOf(request: Uint8Array | readonly [message: string, fields: TableMessage]): Uint8Array {
  return request instanceof Uint8Array ? request : tableEncode(request[0], request[1]);
}
