/**
 * The whole state as a stream of bytes, and back: a section a table, each a run of rows. The snapshot file around it has
 * the checksums; here only the form is checked.
 *
 *     version u8 · { 1 u8 · table u8 · { 1 u8 · key · value } … 0 u8 } … 0 u8
 */
import { ByteReader, ByteWriter, type LogIndex, MalformedBytes, type StateImage } from '@synod/consensus';
import {
  type BackendReplacement,
  type BackendView,
  type Row,
  TABLE,
  type Table,
} from '../backend/backend.ts';
import { IMAGE_PIECE_BYTES } from './limits.ts';

const FORMAT_VERSION = 1;
const MORE = 1;
const END = 0;

const TABLES: readonly Table[] = Object.values(TABLE);

/** Reads an image from a view of the backend, which it closes at the end. */
export class ViewImage implements StateImage {
  readonly index: LogIndex;
  private readonly view: BackendView;
  private readonly bytes: Generator<Uint8Array>;

  constructor(index: LogIndex, view: BackendView) {
    this.index = index;
    this.view = view;
    this.bytes = pieces(view);
  }

  next(): Uint8Array | undefined {
    const piece = this.bytes.next();
    return piece.done ? undefined : piece.value;
  }

  close(): void {
    this.bytes.return(undefined);
    this.view.close();
  }
}

function* pieces(view: BackendView): Generator<Uint8Array> {
  let writer = new ByteWriter(IMAGE_PIECE_BYTES);
  writer.u8(FORMAT_VERSION);
  for (const table of TABLES) {
    writer.u8(MORE);
    writer.u8(table);
    for (const row of view.scan(table, {})) {
      writer.u8(MORE);
      writer.bytes(row.key);
      writer.bytes(row.value);
      if (writer.length < IMAGE_PIECE_BYTES) continue;
      yield writer.finish();
      writer = new ByteWriter(IMAGE_PIECE_BYTES);
    }
    writer.u8(END);
  }
  writer.u8(END);
  yield writer.finish();
}

/** Takes an image in pieces cut anywhere, and puts its rows into a replacement of the backend. */
export class ImageReader {
  private readonly target: Pick<BackendReplacement, 'put'>;
  /** What came and is not yet a whole element. */
  private rest: Uint8Array = new Uint8Array(0);
  private place: 'start' | 'sections' | 'rows' | 'end' = 'start';
  private table: Table = TABLE.meta;

  constructor(target: Pick<BackendReplacement, 'put'>) {
    this.target = target;
  }

  /** @throws MalformedBytes */
  write(piece: Uint8Array): void {
    const bytes = joined(this.rest, piece);
    const reader = new ByteReader(bytes);
    let taken = 0;
    while (this.place !== 'end' && this.element(reader)) taken = reader.offset;
    if (this.place === 'end') new ByteReader(bytes.subarray(taken)).end();
    this.rest = bytes.slice(taken);
  }

  /** @throws MalformedBytes when the image is not whole. */
  end(): void {
    if (this.place !== 'end') throw new MalformedBytes('the image ends too soon');
  }

  /** Reads one element; `false`: it is not all there yet. */
  private element(reader: ByteReader): boolean {
    if (reader.remaining === 0) return false;
    switch (this.place) {
      case 'start': {
        const version = reader.u8();
        if (version !== FORMAT_VERSION) throw new MalformedBytes(`an image of version ${version}`);
        this.place = 'sections';
        return true;
      }
      case 'sections':
        return this.section(reader);
      case 'rows':
        return this.row(reader);
      case 'end':
        return false;
    }
  }

  private section(reader: ByteReader): boolean {
    if (reader.u8() === END) {
      this.place = 'end';
      return true;
    }
    if (reader.remaining === 0) return false;
    const number = reader.u8();
    const table = TABLES.find((known) => known === number);
    if (table === undefined) throw new MalformedBytes(`an image with a table numbered ${number}`);
    this.table = table;
    this.place = 'rows';
    return true;
  }

  private row(reader: ByteReader): boolean {
    if (reader.u8() === END) {
      this.place = 'sections';
      return true;
    }
    const row = wholeRow(reader);
    if (row === undefined) return false;
    this.target.put(this.table, row.key, row.value);
    return true;
  }
}

/** A length is at most eight bytes; with so many there, a broken one shows as such. */
const LENGTH_BYTES_MAX = 8;

function wholeRow(reader: ByteReader): Row | undefined {
  const key = wholeBytes(reader);
  const value = key === undefined ? undefined : wholeBytes(reader);
  return key === undefined || value === undefined ? undefined : { key, value };
}

function wholeBytes(reader: ByteReader): Uint8Array | undefined {
  try {
    const length = reader.varint();
    return reader.remaining < length ? undefined : reader.raw(length);
  } catch (error) {
    if (error instanceof MalformedBytes && reader.remaining < LENGTH_BYTES_MAX) return undefined;
    throw error;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  if (first.length === 0) return second;
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
