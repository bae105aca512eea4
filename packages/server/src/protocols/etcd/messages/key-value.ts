/** mvccpb.KeyValue and mvccpb.Event: the records inside ranges, previous values and watch answers. */
import type { KeyRecord, WatchEvent } from '@synod/coordination';
import { idSize, type ProtobufWriter, varintSize } from '../protobuf/writer.ts';

const KEY = 1;
const CREATE_REVISION = 2;
const MOD_REVISION = 3;
const VERSION = 4;
const VALUE = 5;
const LEASE = 6;

const EVENT_TYPE = 1;
const EVENT_RECORD = 2;
const EVENT_PREVIOUS = 3;
const EVENT_DELETE = 1;

/** Every tag here is one byte. */
export function keyValueSize(record: KeyRecord): number {
  return (
    bytesSize(record.key.length) +
    numberSize(record.createRevision) +
    numberSize(record.modRevision) +
    numberSize(record.version) +
    bytesSize(record.value.length) +
    (record.lease === '' ? 0 : 1 + idSize(record.lease))
  );
}

export function writeKeyValue(writer: ProtobufWriter, field: number, record: KeyRecord): void {
  writer.messageHead(field, keyValueSize(record));
  writer.latin1Field(KEY, record.key);
  writer.int64Field(CREATE_REVISION, record.createRevision);
  writer.int64Field(MOD_REVISION, record.modRevision);
  writer.int64Field(VERSION, record.version);
  writer.bytesField(VALUE, record.value);
  writer.idField(LEASE, record.lease);
}

/** The whole size of an event in its answer, head included, whose tag is one byte. */
export function eventSize(event: WatchEvent): number {
  const body = eventBodySize(event);
  return 1 + varintSize(body) + body;
}

export function writeEvent(writer: ProtobufWriter, field: number, event: WatchEvent): void {
  writer.messageHead(field, eventBodySize(event));
  if (event.kind === 'delete') writer.int64Field(EVENT_TYPE, EVENT_DELETE);
  writeKeyValue(writer, EVENT_RECORD, event.record);
  if (event.previous !== undefined) writeKeyValue(writer, EVENT_PREVIOUS, event.previous);
}

function eventBodySize(event: WatchEvent): number {
  const record = keyValueSize(event.record);
  let size = (event.kind === 'delete' ? 2 : 0) + 1 + varintSize(record) + record;
  if (event.previous !== undefined) {
    const previous = keyValueSize(event.previous);
    size += 1 + varintSize(previous) + previous;
  }
  return size;
}

function bytesSize(length: number): number {
  return length === 0 ? 0 : 1 + varintSize(length) + length;
}

function numberSize(value: number): number {
  return value === 0 ? 0 : 1 + varintSize(value);
}
