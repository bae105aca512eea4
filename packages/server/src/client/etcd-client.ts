/**
 * A client of a cluster: calls go to one member, and to the next when it cannot be reached. A read is asked again elsewhere
 * when its fate is unknown; a write only when the server has certainly not begun with it.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { type GrpcStatus, STATUS } from '../grpc/status.ts';
import type { MessageTable } from '../protocols/etcd/protobuf/message-table.ts';
import { ProtobufReader } from '../protocols/etcd/protobuf/reader.ts';
import { ProtobufWriter } from '../protocols/etcd/protobuf/writer.ts';
import { CallFailure } from './call-failure.ts';
import { Channel, type ChannelCall, DEADLINE_EXCEEDED } from './channel.ts';
import { type DialFailure, dial, speaksTls, type TlsOptions } from './dial.ts';
import type { Endpoint } from './endpoint.ts';
import { KEEPALIVE_TIME_MS_MIN, RETRY_DELAY_MS_MAX, RETRY_DELAY_MS_MIN } from './limits.ts';
import { RPC, type Rpc } from './rpc.ts';

export interface EtcdClientOptions {
  readonly endpoints: readonly Endpoint[];
  readonly dialTimeoutMs: number;
  /** For a call that says nothing else, and for finding a member at all. */
  readonly commandTimeoutMs: number;
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  readonly user: { readonly name: string; readonly password: string } | undefined;
  readonly tls: TlsOptions;
  /** Before the names of flags in advice: `discovery-` makes --endpoints --discovery-endpoints. */
  readonly flagPrefix?: string;
}

export interface EtcdCallOptions {
  /** As long as it takes, instead of the command's timeout. */
  readonly isPatient?: boolean;
  /** A member that knows no leader fails the call instead of waiting for one. */
  readonly needsLeader?: boolean;
}

export interface EtcdStream<Request> {
  send(request: Partial<Request>): void;
  /** Nothing more is sent; the server still answers. */
  halfClose(): void;
  cancel(): void;
  /** For a reader that is slower than the server. */
  pause(): void;
  resume(): void;
}

/** Nothing comes after the end. */
export interface EtcdStreamListener<Response> {
  onMessage(message: Response): void;
  onEnd(status: GrpcStatus): void;
}

type Outcome =
  | { readonly kind: 'answer'; readonly bytes: Uint8Array }
  | { readonly kind: 'failure'; readonly status: GrpcStatus; readonly isUnsent: boolean };

const INVALID_TOKEN_TEXT = 'etcdserver: invalid auth token';

export class EtcdClient {
  readonly options: EtcdClientOptions;
  private readonly reader = new ProtobufReader();
  private readonly writer = new ProtobufWriter();
  private channel: Channel | undefined = undefined;
  /** The place in the list of the endpoint that is used, or tried next. */
  private at = 0;
  private token: string | undefined = undefined;
  private closed = false;

  constructor(options: EtcdClientOptions) {
    this.options = options;
  }

  /** The endpoint that the next call goes to, as far as one can know before. */
  get endpoint(): Endpoint {
    return this.options.endpoints[this.at]!;
  }

  /** A client of this endpoint alone. */
  only(endpoint: Endpoint): EtcdClient {
    return new EtcdClient({ ...this.options, endpoints: [endpoint] });
  }

  /** @throws CallFailure */
  async call<Request, Response>(
    rpc: Rpc<Request, Response>,
    request: Partial<Request> = {},
    options: EtcdCallOptions = {},
  ): Promise<Response> {
    const deadline = options.isPatient === true ? undefined : this.deadline();
    const message = this.encode(rpc, request);
    let hasNewToken = false;
    for (;;) {
      const channel = await this.connected(deadline ?? this.deadline());
      await this.authenticate(channel, deadline ?? this.deadline());
      const outcome = await unary(channel, rpc.path, message, {
        metadata: this.metadata(options),
        timeoutMs: deadline === undefined ? undefined : left(deadline),
      });
      if (outcome.kind === 'answer') return this.decode(rpc, outcome.bytes);
      const { status, isUnsent } = outcome;
      if (status.text === INVALID_TOKEN_TEXT && !hasNewToken) {
        this.token = undefined;
        hasNewToken = true;
        continue;
      }
      const mayRetry =
        status.code === STATUS.unavailable &&
        (rpc.isRepeatable || isUnsent) &&
        (deadline === undefined || left(deadline) > 0);
      if (!mayRetry) throw new CallFailure('call', status);
      this.leave(channel);
      await sleep(RETRY_DELAY_MS_MIN);
    }
  }

  /** Opens a stream of messages; the stream is not resumed when its connection is lost. @throws CallFailure */
  async stream<Request, Response>(
    rpc: Rpc<Request, Response>,
    listener: EtcdStreamListener<Response>,
    options: EtcdCallOptions = {},
  ): Promise<EtcdStream<Request>> {
    const channel = await this.connected(this.deadline());
    await this.authenticate(channel, this.deadline());
    const call: ChannelCall = channel.open(
      rpc.path,
      {
        onMessage: (bytes) => listener.onMessage(this.decode(rpc, bytes)),
        onEnd: (status) => {
          if (status.code === STATUS.unavailable) this.leave(channel);
          listener.onEnd(status);
        },
      },
      { metadata: this.metadata(options), timeoutMs: undefined },
    );
    return {
      send: (request) => call.send(this.encode(rpc, request)),
      halfClose: () => call.halfClose(),
      cancel: () => call.cancel(),
      pause: () => call.pause(),
      resume: () => call.resume(),
    };
  }

  close(): void {
    this.closed = true;
    this.channel?.destroy();
    this.channel = undefined;
  }

  private deadline(): number {
    return performance.now() + this.options.commandTimeoutMs;
  }

  /** Tries the endpoints in turn, again and again, until one takes a connection or the time is over. */
  private async connected(deadline: number): Promise<Channel> {
    if (this.channel?.isOpen) return this.channel;
    const { endpoints, dialTimeoutMs } = this.options;
    let delayMs = RETRY_DELAY_MS_MIN;
    for (;;) {
      const failures: string[] = [];
      let mayPass = false;
      for (let tried = 0; tried < endpoints.length; tried++) {
        const { endpoint } = this;
        const timeoutMs = Math.max(1, Math.floor(Math.min(dialTimeoutMs, left(deadline))));
        const opened = await this.opened(endpoint, timeoutMs);
        if (opened instanceof Channel) {
          this.channel = opened;
          if (this.closed) this.close();
          return this.channel ?? this.unreachable([]);
        }
        failures.push(`${endpoint.text} (${opened.text})`);
        mayPass ||= opened.mayPass;
        this.next();
      }
      if (!mayPass || this.closed || left(deadline) <= delayMs) this.unreachable(failures);
      await sleep(delayMs);
      delayMs = Math.min(2 * delayMs, RETRY_DELAY_MS_MAX);
    }
  }

  /** A channel is one once the server has spoken HTTP/2; until then no call was sent, and any may go elsewhere. */
  private async opened(endpoint: Endpoint, timeoutMs: number): Promise<Channel | DialFailure> {
    const { tls, keepaliveTimeMs, keepaliveTimeoutMs } = this.options;
    const socket = await dial(endpoint, tls, timeoutMs, this.flagPrefix);
    if ('kind' in socket) return socket;
    const channel = new Channel(socket, authorityOf(endpoint), {
      keepaliveTimeMs: Math.max(KEEPALIVE_TIME_MS_MIN, keepaliveTimeMs),
      keepaliveTimeoutMs,
    });
    const greeting = await channel.greeting(timeoutMs);
    if (greeting === 'come') return channel;
    channel.destroy();
    if (greeting === 'late')
      return { kind: 'dialFailure', text: `no word of HTTP/2 within ${timeoutMs} ms`, mayPass: true };
    const wasSecure = endpoint.isSecure ?? tls.isDefault;
    if (!wasSecure && (await speaksTls(endpoint, timeoutMs)))
      return { kind: 'dialFailure', text: this.speaksTlsText, mayPass: false };
    return { kind: 'dialFailure', text: 'the connection was closed without a word of HTTP/2', mayPass: true };
  }

  private async authenticate(channel: Channel, deadline: number): Promise<void> {
    const { user } = this.options;
    if (user === undefined || this.token !== undefined) return;
    const rpc = RPC.authenticate;
    const options = { metadata: {}, timeoutMs: left(deadline) };
    const outcome = await unary(channel, rpc.path, this.encode(rpc, user), options);
    if (outcome.kind === 'answer') this.token = this.decode(rpc, outcome.bytes).token;
    // As etcd's client: where there are no users, everybody may come in.
    else if (outcome.status.text === 'etcdserver: authentication is not enabled') this.token = '';
    else throw new CallFailure('unauthenticated', outcome.status);
  }

  private metadata({ needsLeader }: EtcdCallOptions): Record<string, string> {
    return {
      ...(this.token ? { token: this.token } : {}),
      ...(needsLeader === true ? { hasleader: 'true' } : {}),
    };
  }

  private get flagPrefix(): string {
    return this.options.flagPrefix ?? '';
  }

  private get speaksTlsText(): string {
    return `it speaks TLS, and plaintext was sent; say https://, and --${this.flagPrefix}cacert names the authority to trust`;
  }

  private unreachable(failures: readonly string[]): never {
    const text = `no endpoint can be reached: ${failures.join(', ')}. Is a member running there? --${this.flagPrefix}endpoints names others.`;
    throw new CallFailure('unreachable', { code: STATUS.unavailable, text });
  }

  private leave(channel: Channel): void {
    if (this.channel !== channel) return;
    channel.destroy();
    this.channel = undefined;
    this.next();
  }

  private next(): void {
    this.at = (this.at + 1) % this.options.endpoints.length;
  }

  private encode<Request>(rpc: Rpc<Request, unknown>, request: Partial<Request>): Uint8Array {
    rpc.request.encode(this.writer, { ...rpc.request.empty(), ...request });
    return this.writer.finish();
  }

  private decode<Response>(rpc: { readonly response: MessageTable<Response> }, bytes: Uint8Array): Response {
    this.reader.open(bytes);
    const message = rpc.response.decode(this.reader);
    this.reader.close();
    return message;
  }
}

function unary(
  channel: Channel,
  path: string,
  message: Uint8Array,
  options: { readonly metadata: Record<string, string>; readonly timeoutMs: number | undefined },
): Promise<Outcome> {
  if (options.timeoutMs !== undefined && options.timeoutMs <= 0)
    return Promise.resolve({ kind: 'failure', status: DEADLINE_EXCEEDED, isUnsent: true });
  return new Promise((resolve) => {
    let answer: Uint8Array | undefined;
    const call = channel.open(
      path,
      {
        onMessage: (bytes) => {
          answer = bytes;
        },
        onEnd: (status, isUnsent) => {
          if (status.code !== STATUS.ok) resolve({ kind: 'failure', status, isUnsent });
          else if (answer === undefined)
            resolve({
              kind: 'failure',
              status: { code: STATUS.internal, text: 'the server answered OK without an answer' },
              isUnsent: false,
            });
          else resolve({ kind: 'answer', bytes: answer });
        },
      },
      options,
    );
    call.send(message);
    call.halfClose();
  });
}

function left(deadline: number): number {
  return deadline - performance.now();
}

function authorityOf({ address }: Endpoint): string {
  if (address.kind === 'unix') return 'localhost';
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
