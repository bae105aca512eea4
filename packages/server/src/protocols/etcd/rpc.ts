/** What the etcd services need of gRPC: calls with metadata, messages and a status. Knows no HTTP/2 and no service. */

export interface CallMetadata {
  /** The first value of a request header, lower-case name. */
  metadata(name: string): string | undefined;
}

/** One call with one answer. Exactly one of the two methods is called, once. */
export interface UnaryCall extends CallMetadata {
  respond(message: Uint8Array): void;
  fail(grpcCode: number, text: string): void;
}

export interface StreamCall extends CallMetadata {
  /** `false`: the client reads slowly, and `drained` will say when it has caught up; the message is taken all the same. */
  send(message: Uint8Array): boolean;
  /** Ends the call with status OK. */
  end(): void;
  fail(grpcCode: number, text: string): void;
}

/** What the client does on a stream. */
export interface StreamReceiver {
  /** The bytes are the receiver's to keep. */
  message(bytes: Uint8Array): void;
  /** The client sends no more. */
  halfClosed(): void;
  drained(): void;
  /** The call is over, by whichever side; nothing is called afterwards. */
  closed(): void;
}

export type RpcHandler =
  | { readonly kind: 'unary'; readonly handle: (call: UnaryCall, request: Uint8Array) => void }
  | { readonly kind: 'stream'; readonly open: (call: StreamCall) => StreamReceiver };

/** By path: `/package.Service/Method`. */
export type RpcTable = ReadonlyMap<string, RpcHandler>;
