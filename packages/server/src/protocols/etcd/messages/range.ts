/** RangeRequest and RangeResponse. */
import type { RangeResult } from '@synod/coordination';
import type { ProtobufReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';
import { writeKeyValue } from './key-value.ts';

/** As it stands on the wire: nothing is checked or translated yet. */
export interface RangeRequest {
  key: string;
  rangeEnd: string;
  limit: number;
  revision: number;
  sortOrder: number;
  sortTarget: number;
  serializable: boolean;
  keysOnly: boolean;
  countOnly: boolean;
  minModRevision: number;
  maxModRevision: number;
  minCreateRevision: number;
  maxCreateRevision: number;
}

const KEY = tag(1, LENGTH_DELIMITED);
const RANGE_END = tag(2, LENGTH_DELIMITED);
const LIMIT = tag(3, VARINT);
const REVISION = tag(4, VARINT);
const SORT_ORDER = tag(5, VARINT);
const SORT_TARGET = tag(6, VARINT);
const SERIALIZABLE = tag(7, VARINT);
const KEYS_ONLY = tag(8, VARINT);
const COUNT_ONLY = tag(9, VARINT);
const MIN_MOD_REVISION = tag(10, VARINT);
const MAX_MOD_REVISION = tag(11, VARINT);
const MIN_CREATE_REVISION = tag(12, VARINT);
const MAX_CREATE_REVISION = tag(13, VARINT);

export function decodeRangeRequest(reader: ProtobufReader): RangeRequest {
  const request: RangeRequest = {
    key: '',
    rangeEnd: '',
    limit: 0,
    revision: 0,
    sortOrder: 0,
    sortTarget: 0,
    serializable: false,
    keysOnly: false,
    countOnly: false,
    minModRevision: 0,
    maxModRevision: 0,
    minCreateRevision: 0,
    maxCreateRevision: 0,
  };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    switch (next) {
      case KEY:
        request.key = reader.latin1();
        break;
      case RANGE_END:
        request.rangeEnd = reader.latin1();
        break;
      case LIMIT:
        request.limit = reader.int64();
        break;
      case REVISION:
        request.revision = reader.int64();
        break;
      case SORT_ORDER:
        request.sortOrder = reader.enum();
        break;
      case SORT_TARGET:
        request.sortTarget = reader.enum();
        break;
      case SERIALIZABLE:
        request.serializable = reader.bool();
        break;
      case KEYS_ONLY:
        request.keysOnly = reader.bool();
        break;
      case COUNT_ONLY:
        request.countOnly = reader.bool();
        break;
      case MIN_MOD_REVISION:
        request.minModRevision = reader.int64();
        break;
      case MAX_MOD_REVISION:
        request.maxModRevision = reader.int64();
        break;
      case MIN_CREATE_REVISION:
        request.minCreateRevision = reader.int64();
        break;
      case MAX_CREATE_REVISION:
        request.maxCreateRevision = reader.int64();
        break;
      default:
        reader.skip(next);
    }
  }
  return request;
}

export const RESPONSE_RECORDS = 2;
const RESPONSE_MORE = 3;
const RESPONSE_COUNT = 4;

/** All but the header. */
export function writeRangeBody(writer: ProtobufWriter, result: RangeResult): void {
  const records = result.records;
  for (let i = 0; i < records.length; i++) writeKeyValue(writer, RESPONSE_RECORDS, records[i]!);
  writer.boolField(RESPONSE_MORE, result.more);
  writer.int64Field(RESPONSE_COUNT, result.count);
}
