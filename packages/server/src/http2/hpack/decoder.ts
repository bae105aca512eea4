/**
 * Header blocks to header lists (RFC 7541 sections 3 and 6). Clients of gRPC send the same block over and over; a block
 * that left the dynamic table alone is kept, and decodes by comparison while the table stays as it was.
 */
import { DynamicTable } from './dynamic-table.ts';
import { HeaderField, HeaderList } from './header-field.ts';
import { huffmanDecode, huffmanDecodedBytesMax } from './huffman.ts';
import { STATIC_ENTRIES, STATIC_TABLE } from './static-table.ts';

/** The block breaks RFC 7541; the connection is lost, since its tables no longer agree (RFC 9113 section 4.3). */
export class HpackError extends Error {
  override readonly name = 'HpackError';
}

/** Longer blocks are not kept: they are not the ones that repeat. */
const KEPT_BLOCK_BYTES_MAX = 512;
/** Blocks kept a connection; past it all are dropped and the gathering begins again. */
const KEPT_BLOCKS_MAX = 64;
/** Five groups of seven bits reach past every length there can be. */
const INTEGER_SHIFT_MAX = 28;

export interface HpackDecoderLimits {
  /** What this side announced as SETTINGS_HEADER_TABLE_SIZE. */
  readonly tableBytesMax: number;
  /** Fields past it are decoded, for the table's sake, and dropped. */
  readonly listBytesMax: number;
}

export class HpackDecoder {
  private readonly limits: HpackDecoderLimits;
  private readonly table: DynamicTable;
  private readonly kept = new Map<string, HeaderList>();
  private keptGeneration = 0;
  private scratch = new Uint8Array(256);
  private bytes: Buffer = Buffer.alloc(0);
  private offset = 0;
  private end = 0;

  constructor(limits: HpackDecoderLimits) {
    this.limits = limits;
    this.table = new DynamicTable(limits.tableBytesMax);
  }

  /** For tests of the table's state. */
  get tableBytes(): number {
    return this.table.sizeBytes;
  }

  /** @throws HpackError */
  decode(bytes: Buffer, start: number, end: number): HeaderList {
    const table = this.table;
    if (this.keptGeneration !== table.generation) {
      this.kept.clear();
      this.keptGeneration = table.generation;
    }
    if (end - start > KEPT_BLOCK_BYTES_MAX) return this.decodeBlock(bytes, start, end);
    const key = bytes.toString('latin1', start, end);
    const known = this.kept.get(key);
    if (known !== undefined) return known;
    const list = this.decodeBlock(bytes, start, end);
    if (table.generation === this.keptGeneration) {
      if (this.kept.size >= KEPT_BLOCKS_MAX) this.kept.clear();
      this.kept.set(key, list);
    }
    return list;
  }

  private decodeBlock(bytes: Buffer, start: number, end: number): HeaderList {
    this.bytes = bytes;
    this.offset = start;
    this.end = end;
    const list = new HeaderList();
    const listBytesMax = this.limits.listBytesMax;
    while (this.offset < end) {
      const first = bytes[this.offset]!;
      if (first >= 0x80) {
        list.add(this.field(this.integer(7)), listBytesMax);
      } else if (first >= 0x40) {
        const field = this.literal(6);
        this.table.add(field);
        list.add(field, listBytesMax);
      } else if (first >= 0x20) {
        // Only before the first field (section 4.2).
        if (list.bytes > 0) throw new HpackError('a table size update behind a field');
        this.updateTableSize();
      } else {
        // Without indexing and never indexed differ only for those who forward.
        list.add(this.literal(4), listBytesMax);
      }
    }
    return list;
  }

  private updateTableSize(): void {
    const size = this.integer(5);
    if (size > this.limits.tableBytesMax)
      throw new HpackError(`a table of ${size} bytes where ${this.limits.tableBytesMax} were allowed`);
    this.table.resize(size);
  }

  private field(index: number): HeaderField {
    const field = index <= STATIC_ENTRIES ? STATIC_TABLE[index] : this.table.at(index);
    if (index === 0 || field === undefined) throw new HpackError(`no table entry ${index}`);
    return field;
  }

  private literal(prefixBits: number): HeaderField {
    const index = this.integer(prefixBits);
    const name = index === 0 ? this.string() : this.field(index).name;
    return new HeaderField(name, this.string());
  }

  private integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.bytes[this.offset++]! & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= INTEGER_SHIFT_MAX; shift += 7) {
      if (this.offset >= this.end) throw new HpackError('the block ends within a number');
      const byte = this.bytes[this.offset++]!;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
    throw new HpackError('a number of more than five bytes');
  }

  private string(): string {
    if (this.offset >= this.end) throw new HpackError('the block ends before a string');
    const coded = this.bytes[this.offset]! >= 0x80;
    const length = this.integer(7);
    const start = this.offset;
    if (length > this.end - start) throw new HpackError('the block ends within a string');
    this.offset = start + length;
    if (!coded) return this.bytes.toString('latin1', start, this.offset);
    const roomBytes = huffmanDecodedBytesMax(length);
    if (roomBytes > this.scratch.length) this.scratch = new Uint8Array(roomBytes);
    const decoded = huffmanDecode(this.bytes, start, this.offset, this.scratch);
    if (decoded < 0) throw new HpackError('a string that is not in the Huffman code');
    return latin1(this.scratch, decoded);
  }
}

function latin1(bytes: Uint8Array, length: number): string {
  return Buffer.from(bytes.buffer, 0, length).toString('latin1');
}
