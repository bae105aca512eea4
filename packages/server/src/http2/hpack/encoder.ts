/**
 * Header fields to header blocks (RFC 7541 section 6). Two ways: `encodeStateless` touches no table, so that a server can
 * write its few answers from templates; `HpackEncoder` fills the dynamic table, so that a client's repeated requests
 * shrink to a byte a field.
 */
import { DynamicTable } from './dynamic-table.ts';
import { HeaderField } from './header-field.ts';
import { huffmanEncode, huffmanLength } from './huffman.ts';
import { fieldKey, STATIC_INDEX_OF_FIELD, STATIC_INDEX_OF_NAME } from './static-table.ts';

export type FieldPair = readonly [name: string, value: string];

const INDEXED = 0x80;
const LITERAL_ADDED = 0x40;
const TABLE_SIZE = 0x20;
const LITERAL = 0x00;

/** What a peer may use until it says otherwise (RFC 9113 section 6.5.2). */
export const DEFAULT_TABLE_BYTES = 4096;
/** More than this we do not remember for a peer, whatever it offers. */
const TABLE_BYTES_MAX = 4096;
/** Entries looked up by text; past it the map is swept of those that left the table. */
const REMEMBERED_MAX = 512;

/** Grows while a block is written; one for all, since a block is written in one go. */
let block = Buffer.allocUnsafe(4096);
let length = 0;

function reserve(more: number): void {
  if (length + more <= block.length) return;
  const grown = Buffer.allocUnsafe(Math.max(block.length * 2, length + more));
  block.copy(grown, 0, 0, length);
  block = grown;
}

function integer(pattern: number, prefixBits: number, value: number): void {
  reserve(8);
  const mask = (1 << prefixBits) - 1;
  if (value < mask) {
    block[length++] = pattern | value;
    return;
  }
  block[length++] = pattern | mask;
  value -= mask;
  while (value >= 0x80) {
    block[length++] = (value & 0x7f) | 0x80;
    value >>>= 7;
  }
  block[length++] = value;
}

function string(text: string): void {
  const coded = huffmanLength(text);
  if (coded < text.length) {
    integer(0x80, 7, coded);
    reserve(coded);
    length = huffmanEncode(text, block, length);
    return;
  }
  integer(0, 7, text.length);
  reserve(text.length);
  length += block.write(text, length, 'latin1');
}

function literal(pattern: number, prefixBits: number, nameIndex: number, name: string, value: string): void {
  integer(pattern, prefixBits, nameIndex);
  if (nameIndex === 0) string(name);
  string(value);
}

function finish(): Buffer {
  const bytes = Buffer.allocUnsafeSlow(length);
  block.copy(bytes, 0, 0, length);
  return bytes;
}

/** A block that any peer decodes at any time to the same list, and that leaves its table alone. */
export function encodeStateless(fields: readonly FieldPair[]): Buffer {
  length = 0;
  for (const [name, value] of fields) {
    const index = STATIC_INDEX_OF_FIELD.get(fieldKey(name, value));
    if (index !== undefined) integer(INDEXED, 7, index);
    else literal(LITERAL, 4, STATIC_INDEX_OF_NAME.get(name) ?? 0, name, value);
  }
  return finish();
}

export class HpackEncoder {
  private readonly table = new DynamicTable(DEFAULT_TABLE_BYTES);
  /** By `fieldKey`: the entry's number in the order of adding. */
  private readonly addedOfField = new Map<string, number>();
  /** The smallest and the last size since the last block, where the peer changed it (section 4.2). */
  private smallestPending: number | undefined = undefined;
  private lastPending: number | undefined = undefined;

  /** While it stays, a block whose fields were all indexed may be sent again as it is. */
  get generation(): number {
    return this.table.generation;
  }

  /** The peer's SETTINGS_HEADER_TABLE_SIZE. */
  allowTableBytes(bytes: number): void {
    const size = Math.min(bytes, TABLE_BYTES_MAX);
    if (size === (this.lastPending ?? this.table.sizeBytesMax)) return;
    this.smallestPending = Math.min(this.smallestPending ?? size, size);
    this.lastPending = size;
    // A block kept from before may not be sent again: the next one must begin with the size.
    this.table.generation++;
  }

  /** A value that changes with each message (a time, say) is given in `unindexed`, behind the others. */
  encode(fields: readonly FieldPair[], unindexed: readonly FieldPair[] = []): Buffer {
    length = 0;
    this.announceSize();
    for (const [name, value] of fields) this.field(name, value);
    for (const [name, value] of unindexed)
      literal(LITERAL, 4, STATIC_INDEX_OF_NAME.get(name) ?? 0, name, value);
    return finish();
  }

  private announceSize(): void {
    if (this.lastPending === undefined) return;
    const smallest = this.smallestPending ?? this.lastPending;
    if (smallest < this.lastPending) this.resize(smallest);
    this.resize(this.lastPending);
    this.smallestPending = undefined;
    this.lastPending = undefined;
  }

  private resize(bytes: number): void {
    integer(TABLE_SIZE, 5, bytes);
    this.table.resize(bytes);
  }

  private field(name: string, value: string): void {
    const key = fieldKey(name, value);
    const fixed = STATIC_INDEX_OF_FIELD.get(key);
    if (fixed !== undefined) {
      integer(INDEXED, 7, fixed);
      return;
    }
    const added = this.addedOfField.get(key);
    const index = added === undefined ? 0 : this.table.indexOfAdded(added);
    if (index !== 0) {
      integer(INDEXED, 7, index);
      return;
    }
    literal(LITERAL_ADDED, 6, STATIC_INDEX_OF_NAME.get(name) ?? 0, name, value);
    this.table.add(new HeaderField(name, value));
    if (this.addedOfField.size >= REMEMBERED_MAX) this.sweep();
    this.addedOfField.set(key, this.table.added);
  }

  private sweep(): void {
    for (const [key, added] of this.addedOfField)
      if (this.table.indexOfAdded(added) === 0) this.addedOfField.delete(key);
  }
}
