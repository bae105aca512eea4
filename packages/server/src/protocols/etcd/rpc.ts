/**
 * The part of gRPC's calls that the etcd services use; the classes of the gRPC layer have it, and tests need no more. Knows
 * no HTTP/2 and no service.
 */
import type { Caller } from '@synod/coordination';
import type { CancelReason } from '../../grpc/server-call.ts';
import type { StatusCode } from '../../grpc/status.ts';
import type { Identity } from './identity.ts';

export interface CallMetadata {
  /** The first value of a request header, lower-case name. */
  metadata(name: string): string | undefined;
  /** Of the certificate that the client showed and that was found good; undefined: there is none. */
  readonly peerCommonName?: string | undefined;
}

/** Anything a call can be failed through. */
export interface FailingCall {
  fail(code: StatusCode, text: string): void;
}

/** One call with one answer. Exactly one of `respond` and `fail` is called, once. */
export interface UnaryCall extends CallMetadata, FailingCall {
  /** The request's bytes; views on them may be kept. */
  readonly message: Uint8Array;
  /** Set by a handler that waits; called at most once, when the call is over before it was answered. */
  onCancel: ((reason: CancelReason) => void) | undefined;
  respond(message: Uint8Array): void;
  /** Answers with one message that was made in parts, which joined in this order are the whole. */
  respondInParts(parts: readonly Uint8Array[]): void;
}

export interface StreamCall extends CallMetadata, FailingCall {
  /** `false`: the client reads slowly, and `onDrain` will say when it has caught up; the message is taken all the same. */
  send(message: Uint8Array): boolean;
  /**
   * Begins a message of so many bytes that is made in parts: messages too, which joined in their order are the whole. Until
   * its last byte was given to `continueMessage`, nothing else is sent.
   */
  beginMessage(bytes: number): void;
  /** The next part of it. `false`: as with `send`. */
  continueMessage(part: Uint8Array): boolean;
  /** Ends the call with status OK. */
  finish(): void;
}

/** What the client does on a stream. Nothing is called after `finish`, `fail` or `onCancel`. */
export interface StreamListener {
  /** Views on the bytes may be kept. */
  onMessage(bytes: Uint8Array): void;
  /** The client sends no more. */
  onHalfClose(): void;
  onDrain(): void;
  /** The call is over before it was ended here. */
  onCancel(): void;
}

export type RpcMethod =
  | { readonly kind: 'unary'; readonly handler: (call: UnaryCall) => void }
  | { readonly kind: 'stream'; readonly open: (call: StreamCall) => StreamListener };

/** As the services have them: with who calls, once that was made out; `undefined` and ANYBODY where callers do not count. */
export type ServedMethod =
  | { readonly kind: 'unary'; readonly handler: (call: UnaryCall, caller: Caller | undefined) => void }
  | { readonly kind: 'stream'; readonly open: (call: StreamCall, identity: Identity) => StreamListener };

/** By path: `/package.Service/Method`. */
export type RpcTable = ReadonlyMap<string, RpcMethod>;
