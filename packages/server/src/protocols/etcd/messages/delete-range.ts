/** DeleteRangeRequest and DeleteRangeResponse. */
import type { DeleteRangeResult } from '@synod/coordination';
import type { ProtobufReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import { writeKeyValue } from './key-value.ts';

/** As it stands on the wire: nothing is checked or translated yet. */
export interface DeleteRangeRequest {
  key: string;
  rangeEnd: string;
  previous: boolean;
}

const KEY = tag(1, LENGTH_DELIMITED);
const RANGE_END = tag(2, LENGTH_DELIMITED);
const PREVIOUS = tag(3, VARINT);

export function decodeDeleteRangeRequest(reader: ProtobufReader): DeleteRangeRequest {
  const request: DeleteRangeRequest = { key: '', rangeEnd: '', previous: false };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    switch (next) {
      case KEY:
        request.key = reader.latin1();
        break;
      case RANGE_END:
        request.rangeEnd = reader.latin1();
        break;
      case PREVIOUS:
        request.previous = reader.bool();
        break;
      default:
        reader.skip(next);
    }
  }
  return request;
}

export const RESPONSE_DELETED = 2;
export const RESPONSE_PREVIOUS = 3;

/** All but the header. */
export function writeDeleteRangeBody(writer: ProtobufWriter, result: DeleteRangeResult): void {
  writer.int64Field(RESPONSE_DELETED, result.deleted);
  for (const record of result.previous) writeKeyValue(writer, RESPONSE_PREVIOUS, record);
}
