/** The header of nearly every answer. The two ids never change, so their bytes are made once. */
import { ProtobufWriter, varintSize } from '../protobuf/writer.ts';

/** The number of `header` in every answer that has one. */
const HEADER = 1;
const REVISION = 3;
const RAFT_TERM = 4;

export class ResponseHeaders {
  private readonly ids: Uint8Array;

  /** Ids as 16 hex digits. */
  constructor(clusterId: string, memberId: string) {
    const writer = new ProtobufWriter();
    writer.idField(1, clusterId);
    writer.idField(2, memberId);
    this.ids = Uint8Array.from(writer.finish());
  }

  write(writer: ProtobufWriter, revision: number, term: number): void {
    writer.messageHead(HEADER, this.ids.length + fieldSize(revision) + fieldSize(term));
    writer.raw(this.ids);
    writer.int64Field(REVISION, revision);
    writer.int64Field(RAFT_TERM, term);
  }
}

/** Inside a transaction's answer a header tells the revision and nothing else. */
export function writeInnerHeader(writer: ProtobufWriter, revision: number): void {
  writer.messageHead(HEADER, fieldSize(revision));
  writer.int64Field(REVISION, revision);
}

/** A transaction inside a transaction has a header with nothing in it. */
export function writeEmptyHeader(writer: ProtobufWriter): void {
  writer.messageHead(HEADER, 0);
}

/** One byte of tag before the number; a 0 is left out. */
function fieldSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}
