/** The neutral face of a core's messages: only the core that made one looks inside. */

/** A message between two replicas of one protocol. Raft's and Paxos's own unions extend it. */
export interface PeerMessage {
  readonly kind: string;
}

/** Turns a core's messages into bytes and back. Decoding checks everything: bytes come from a network. */
export interface MessageCodec {
  encode(message: PeerMessage): Uint8Array;
  /** @throws MalformedBytes when the bytes are not a message of this protocol and version. */
  decode(bytes: Uint8Array): PeerMessage;
}
