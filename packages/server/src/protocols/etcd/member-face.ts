/**
 * What all etcd services of one member share: the service behind them, reader and writer, the header's ids, the options.
 * Also the rules that etcd applies to every call alike.
 */
import { MalformedBytes } from '@synod/consensus/bytes/malformed.ts';
import type { Failure } from '@synod/coordination';
import type { CoordinationService, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { REQUEST_BYTES_MAX } from '../../grpc/limits.ts';
import { ETCD_ERRORS, type EtcdErrorCode, wireErrorOf } from './error-table.ts';
import { type EtcdObserver, UNOBSERVED } from './etcd-observer.ts';
import { PROGRESS_INTERVAL_MS, TRANSACTION_OPERATIONS_MAX } from './limits.ts';
import { ResponseHeaders } from './messages/response-header.ts';
import { ProtobufReader } from './protobuf/reader.ts';
import { ProtobufWriter } from './protobuf/writer.ts';
import type { CallMetadata, FailingCall, UnaryCall } from './rpc.ts';
import { TurnQueue } from './turn-queue.ts';

export interface EtcdOptions {
  readonly transactionOperationsMax: number;
  readonly requestBytesMax: number;
  readonly progressIntervalMs: number;
  /** As the consensus has it; streams that want a leader live on for three of these without one. */
  readonly electionTimeoutMs: number;
  /** What `Status` and `/version` say. */
  readonly serverVersion: string;
  readonly clusterVersion: string;
  /** Addresses of a member, sorted; undefined: these are none. */
  readonly readPeerUrls: (texts: readonly string[]) => string[] | undefined;
  /** Eight random bytes. */
  readonly randomBytes: () => Uint8Array;
  /** Default: nobody wants to know. */
  readonly observer?: EtcdObserver;
}

/** As etcd has it where no flag says otherwise. */
export const ETCD_DEFAULTS = {
  transactionOperationsMax: TRANSACTION_OPERATIONS_MAX,
  requestBytesMax: REQUEST_BYTES_MAX,
  progressIntervalMs: PROGRESS_INTERVAL_MS,
  serverVersion: '3.7.0',
  clusterVersion: '3.7.0',
} as const satisfies Partial<EtcdOptions>;

export class MemberFace {
  readonly service: CoordinationService;
  readonly options: EtcdOptions;
  readonly observer: EtcdObserver;
  readonly reader = new ProtobufReader();
  readonly writer = new ProtobufWriter();
  /** For answers that take long to make. */
  readonly turns: TurnQueue;
  private readonly headers: ResponseHeaders;

  constructor(service: CoordinationService, options: EtcdOptions, turns = new TurnQueue()) {
    this.turns = turns;
    this.service = service;
    this.options = options;
    this.observer = options.observer ?? UNOBSERVED;
    this.headers = new ResponseHeaders(service.clusterId, service.memberId);
  }

  /** The storage's version has no patch level of its own: 3.7.0 for every 3.7. */
  get storageVersion(): string {
    const [major, minor] = this.options.clusterVersion.split('.');
    return `${major}.${minor}.0`;
  }

  writeHeader(revision: number): void {
    this.headers.write(this.writer, revision, this.service.term);
  }

  /** Decodes the one request of a call, or fails the call and gives undefined. */
  decode<Message>(call: UnaryCall, decoder: (reader: ProtobufReader) => Message): Message | undefined {
    return this.decodeOr(call, 'malformedRequest', call.message, decoder);
  }

  /** A request without fields is a message all the same: false, and the call is failed, where it is none. */
  isMessage(call: UnaryCall): boolean {
    return this.decode(call, passOver) !== undefined;
  }

  /** Decodes a message of a stream, or fails the call and gives undefined. */
  decodeStreamed<Message>(
    call: FailingCall,
    bytes: Uint8Array,
    decoder: (reader: ProtobufReader) => Message,
  ): Message | undefined {
    return this.decodeOr(call, 'malformedStreamMessage', bytes, decoder);
  }

  /** Decodes bytes that may be anything: undefined where they are no such message. */
  tryDecode<Message>(bytes: Uint8Array, decoder: (reader: ProtobufReader) => Message): Message | undefined {
    this.reader.open(bytes);
    try {
      return decoder(this.reader);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      return undefined;
    } finally {
      this.reader.close();
    }
  }

  private decodeOr<Message>(
    call: FailingCall,
    otherwise: 'malformedRequest' | 'malformedStreamMessage',
    bytes: Uint8Array,
    decoder: (reader: ProtobufReader) => Message,
  ): Message | undefined {
    this.reader.open(bytes);
    try {
      return decoder(this.reader);
    } catch (error) {
      if (!(error instanceof MalformedBytes)) throw error;
      const { grpcCode, text } = ETCD_ERRORS[otherwise];
      call.fail(grpcCode, `${text} ${error.message}`);
      return undefined;
    } finally {
      this.reader.close();
    }
  }

  /** The rules for every call; what a learner answers is for the caller to say. Fails the call and gives true. */
  refuses(call: CallMetadata & FailingCall, learnerAnswers: boolean): boolean {
    const error = this.refusal(call, learnerAnswers);
    if (error === undefined) return false;
    this.fail(call, error);
    return true;
  }

  private refusal(call: CallMetadata, learnerAnswers: boolean): EtcdErrorCode | undefined {
    if (this.service.isLearner && !learnerAnswers) return 'learner';
    if (!this.service.hasLeader && wantsLeader(call)) return 'noLeader';
    return undefined;
  }

  fail(call: FailingCall, code: EtcdErrorCode): void {
    const { grpcCode, text } = ETCD_ERRORS[code];
    call.fail(grpcCode, text);
  }

  failWith(call: FailingCall, failure: Failure | ServiceFailure): void {
    const { grpcCode, text } = wireErrorOf(failure);
    call.fail(grpcCode, text);
  }
}

/** Reads all of a message of which nothing is wanted. */
export function passOver(reader: ProtobufReader): true {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) reader.skip(tag);
  return true;
}

/** Whether the client asked to be refused, and its stream to be ended, where no leader is known. */
export function wantsLeader(call: CallMetadata): boolean {
  return call.metadata('hasleader') === 'true';
}
