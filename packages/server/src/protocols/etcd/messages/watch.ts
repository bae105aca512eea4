/** WatchRequest with its three members, and WatchResponse. */
import type { ProtobufReader } from '../protobuf/reader.ts';
import { LENGTH_DELIMITED, tag, VARINT } from '../protobuf/wire-type.ts';
import type { ProtobufWriter } from '../protobuf/writer.ts';

/** As it stands on the wire: nothing is checked or translated yet. */
export type WatchRequest =
  | { readonly kind: 'create'; readonly request: WatchCreateRequest }
  | { readonly kind: 'cancel'; readonly watchId: number }
  | { readonly kind: 'progress' }
  /** No member of the union was set. */
  | { readonly kind: 'empty' };

export interface WatchCreateRequest {
  key: string;
  rangeEnd: string;
  startRevision: number;
  progressNotify: boolean;
  /** Each a FilterType. */
  readonly filters: number[];
  previous: boolean;
  /** 0: the server chooses. */
  watchId: number;
  fragment: boolean;
}

export const FILTER_NO_PUT = 0;
export const FILTER_NO_DELETE = 1;

const CREATE = tag(1, LENGTH_DELIMITED);
const CANCEL = tag(2, LENGTH_DELIMITED);
const PROGRESS = tag(3, LENGTH_DELIMITED);

export function decodeWatchRequest(reader: ProtobufReader): WatchRequest {
  let request: WatchRequest = { kind: 'empty' };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    if (next !== CREATE && next !== CANCEL && next !== PROGRESS) {
      reader.skip(next);
      continue;
    }
    const outer = reader.enter();
    if (next === CREATE) request = { kind: 'create', request: decodeCreate(reader) };
    else if (next === CANCEL) request = { kind: 'cancel', watchId: decodeCancel(reader) };
    else {
      for (let inner = reader.tag(); inner !== 0; inner = reader.tag()) reader.skip(inner);
      request = { kind: 'progress' };
    }
    reader.leave(outer);
  }
  return request;
}

const KEY = tag(1, LENGTH_DELIMITED);
const RANGE_END = tag(2, LENGTH_DELIMITED);
const START_REVISION = tag(3, VARINT);
const PROGRESS_NOTIFY = tag(4, VARINT);
const FILTER = tag(5, VARINT);
const FILTERS_PACKED = tag(5, LENGTH_DELIMITED);
const PREVIOUS = tag(6, VARINT);
const WATCH_ID = tag(7, VARINT);
const FRAGMENT = tag(8, VARINT);

function decodeCreate(reader: ProtobufReader): WatchCreateRequest {
  const request: WatchCreateRequest = {
    key: '',
    rangeEnd: '',
    startRevision: 0,
    progressNotify: false,
    filters: [],
    previous: false,
    watchId: 0,
    fragment: false,
  };
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    switch (next) {
      case KEY:
        request.key = reader.latin1();
        break;
      case RANGE_END:
        request.rangeEnd = reader.latin1();
        break;
      case START_REVISION:
        request.startRevision = reader.int64();
        break;
      case PROGRESS_NOTIFY:
        request.progressNotify = reader.bool();
        break;
      case FILTER:
        request.filters.push(reader.enum());
        break;
      case FILTERS_PACKED: {
        const outer = reader.enter();
        while (!reader.atEnd()) request.filters.push(reader.enum());
        reader.leave(outer);
        break;
      }
      case PREVIOUS:
        request.previous = reader.bool();
        break;
      case WATCH_ID:
        request.watchId = reader.int64();
        break;
      case FRAGMENT:
        request.fragment = reader.bool();
        break;
      default:
        reader.skip(next);
    }
  }
  return request;
}

const CANCEL_WATCH_ID = tag(1, VARINT);

function decodeCancel(reader: ProtobufReader): number {
  let watchId = 0;
  for (let next = reader.tag(); next !== 0; next = reader.tag()) {
    if (next === CANCEL_WATCH_ID) watchId = reader.int64();
    else reader.skip(next);
  }
  return watchId;
}

/** What a WatchResponse says besides its header and its events. */
export interface WatchAnswer {
  readonly watchId: number;
  readonly created?: boolean;
  readonly canceled?: boolean;
  readonly compactRevision?: number;
  readonly cancelReason?: string;
  readonly fragment?: boolean;
}

/** The number of `events`, the last field. */
export const WATCH_EVENTS = 11;

/** All between the header and the events. */
export function writeWatchAnswer(writer: ProtobufWriter, answer: WatchAnswer): void {
  writer.int64Field(2, answer.watchId);
  writer.boolField(3, answer.created === true);
  writer.boolField(4, answer.canceled === true);
  writer.int64Field(5, answer.compactRevision ?? 0);
  writer.textField(6, answer.cancelReason ?? '');
  writer.boolField(7, answer.fragment === true);
}
