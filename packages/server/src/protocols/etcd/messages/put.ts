/** PutRequest and PutResponse. */
import { type LeaseId, NO_LEASE, type PutResult } from '@synod/coordination';
import type { ProtobufReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import { writeKeyValue } from './key-value.ts';

/** As it stands on the wire: nothing is checked or translated yet. */
export interface PutRequest {
  key: string;
  value: Uint8Array;
  lease: LeaseId;
  previous: boolean;
  ignoreValue: boolean;
  ignoreLease: boolean;
}

const KEY = tag(1, LENGTH_DELIMITED);
const VALUE = tag(2, LENGTH_DELIMITED);
const LEASE = tag(3, VARINT);
const PREVIOUS = tag(4, VARINT);
const IGNORE_VALUE = tag(5, VARINT);
const IGNORE_LEASE = tag(6, VARINT);

const NO_VALUE = new Uint8Array(0);

export function decodePutRequest(reader: ProtobufReader): PutRequest {
  const request: PutRequest = {
    key: '',
    value: NO_VALUE,
    lease: NO_LEASE,
    previous: false,
    ignoreValue: false,
    ignoreLease: false,
  };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    switch (next) {
      case KEY:
        request.key = reader.latin1();
        break;
      case VALUE:
        request.value = reader.bytes();
        break;
      case LEASE:
        request.lease = reader.leaseId();
        break;
      case PREVIOUS:
        request.previous = reader.bool();
        break;
      case IGNORE_VALUE:
        request.ignoreValue = reader.bool();
        break;
      case IGNORE_LEASE:
        request.ignoreLease = reader.bool();
        break;
      default:
        reader.skip(next);
    }
  }
  return request;
}

const RESPONSE_PREVIOUS = 2;

/** All but the header. */
export function writePutBody(writer: ProtobufWriter, result: PutResult): void {
  if (result.previous !== undefined) writeKeyValue(writer, RESPONSE_PREVIOUS, result.previous);
}
