/** LeaseKeepAliveRequest and LeaseKeepAliveResponse: the one lease call that is on a hot path. */
import { type LeaseId, NO_LEASE } from '@synod/coordination';
import type { ProtobufReader } from '../protobuf/reader.ts';
import { tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';

const ID = tag(1, VARINT);

export function decodeLeaseKeepAliveRequest(reader: ProtobufReader): LeaseId {
  let id: LeaseId = NO_LEASE;
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    if (next === ID) id = reader.leaseId();
    else reader.skip(next);
  }
  return id;
}

/** All but the header. A TTL of 0 tells the client that there is no such lease. */
export function writeLeaseKeepAliveBody(writer: ProtobufWriter, id: LeaseId, ttlSeconds: number): void {
  writer.idField(2, id);
  writer.int64Field(3, ttlSeconds);
}
