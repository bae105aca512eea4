/** What a comparison needs of a connection to a member, whatever it speaks. Messages are protobuf's bytes. */
import type { GrpcAnswer } from '../grpc-channel.ts';

export interface CallChannel {
  /** `token`: whose call it is, where that counts. */
  unary(path: string, message: Uint8Array, timeoutMs?: number, token?: string): Promise<GrpcAnswer>;
  /** Sends one message, and yields what comes until the caller has enough. */
  stream(path: string, message: Uint8Array): AsyncGenerator<Buffer>;
  close(): void;
}

/** Connects to a member of either side. */
export type OpenChannel = (member: { readonly clientUrl: string }, whose: 'ours' | 'theirs') => CallChannel;
