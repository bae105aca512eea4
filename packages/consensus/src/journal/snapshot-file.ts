/**
 * A snapshot on disk: who it is, the pieces of an image, and a footer that proves it whole. Written front to back,
 * read front to back, a bounded amount a call. Knows nothing of what the pieces mean or who asks.
 *
 *   header  u32 magic, u8 version, 3 zeros, u32 meta length, u32 CRC-32C of these 12 bytes and the meta; then the meta
 *   chunk   u32 length (not 0), u32 CRC-32C of the bytes; then the bytes
 *   footer  u32 0, u32 CRC-32C of all before the footer, u64 length of the file, u32 CRC-32C of these 16 bytes
 */
import { MalformedBytes } from '../bytes/malformed.ts';
import { ByteReader } from '../bytes/reader.ts';
import { ByteWriter } from '../bytes/writer.ts';
import { crc32c } from '../checksum/crc32c.ts';
import type { SnapshotMeta } from '../core/effects.ts';
import type { Disk } from '../replica/ports.ts';
import { SNAPSHOT_CHUNK_BYTES_MAX, SNAPSHOT_META_BYTES_MAX } from './limits.ts';
import { readSnapshotMeta, writeSnapshotMeta } from './snapshot-meta.ts';

export const SNAPSHOT_FORMAT_VERSION = 1;

/** "SYNS", read as a little-endian number. */
const SNAPSHOT_MAGIC = 0x534e5953;

const HEADER_BYTES = 16;
const CHUNK_HEADER_BYTES = 8;
const FOOTER_BYTES = 20;
const HIGH_UNIT = 0x1_0000_0000;

/** Turns pieces into the bytes of the file, in order. */
export class SnapshotFileEncoder {
  /** Bytes given out so far: the offset of the next. */
  offset = 0;
  /** CRC-32C of everything given out. */
  private sum = 0;

  header(meta: SnapshotMeta): Uint8Array {
    const metaWriter = new ByteWriter();
    writeSnapshotMeta(metaWriter, meta);
    const metaBytes = metaWriter.finish();
    const writer = new ByteWriter(HEADER_BYTES + metaBytes.length);
    writer.u32(SNAPSHOT_MAGIC);
    writer.u32(SNAPSHOT_FORMAT_VERSION);
    writer.u32(metaBytes.length);
    writer.u32(crc32c(metaBytes, 0, metaBytes.length, crc32c(writer.finish())));
    writer.raw(metaBytes);
    return this.give(writer.finish());
  }

  /** A piece of the image, not empty, cut into chunks if it is too large for one. */
  piece(piece: Uint8Array): Uint8Array {
    const writer = new ByteWriter(piece.length + CHUNK_HEADER_BYTES);
    for (let from = 0; from < piece.length; from += SNAPSHOT_CHUNK_BYTES_MAX) {
      const chunk = piece.subarray(from, from + SNAPSHOT_CHUNK_BYTES_MAX);
      writer.u32(chunk.length);
      writer.u32(crc32c(chunk));
      writer.raw(chunk);
    }
    return this.give(writer.finish());
  }

  footer(): Uint8Array {
    const sizeBytes = this.offset + FOOTER_BYTES;
    const writer = new ByteWriter(FOOTER_BYTES);
    writer.u32(0);
    writer.u32(this.sum);
    writer.u32(sizeBytes % HIGH_UNIT);
    writer.u32(Math.floor(sizeBytes / HIGH_UNIT));
    writer.u32(crc32c(writer.finish()));
    return this.give(writer.finish());
  }

  private give(bytes: Uint8Array): Uint8Array {
    this.sum = crc32c(bytes, 0, bytes.length, this.sum);
    this.offset += bytes.length;
    return bytes;
  }
}

/** Reads a file chunk by chunk and checks every byte of it on the way. */
export class SnapshotFileReader {
  readonly meta: SnapshotMeta;
  private readonly disk: Disk;
  private readonly path: string;
  private readonly sizeBytes: number;
  private offset: number;
  private sum: number;

  /** @throws MalformedBytes when the header is not sound. */
  constructor(disk: Disk, path: string) {
    this.disk = disk;
    this.path = path;
    this.sizeBytes = disk.size(path) ?? 0;
    const head = disk.read(path, 0, HEADER_BYTES);
    const reader = new ByteReader(head);
    if (reader.u32() !== SNAPSHOT_MAGIC) throw new MalformedBytes('not a snapshot file');
    const version = reader.u32();
    if (version !== SNAPSHOT_FORMAT_VERSION)
      throw new MalformedBytes(`a snapshot file of version ${version}`);
    const metaLength = reader.u32();
    if (metaLength > SNAPSHOT_META_BYTES_MAX) throw new MalformedBytes(`a meta of ${metaLength} bytes`);
    const metaBytes = disk.read(path, HEADER_BYTES, metaLength);
    if (metaBytes.length < metaLength) throw new MalformedBytes('the file ends within its header');
    if (reader.u32() !== crc32c(metaBytes, 0, metaLength, crc32c(head, 0, 12)))
      throw new MalformedBytes('the header has a wrong checksum');
    this.meta = readSnapshotMeta(new ByteReader(metaBytes));
    this.offset = HEADER_BYTES + metaLength;
    this.sum = crc32c(metaBytes, 0, metaLength, crc32c(head));
  }

  /**
   * The next chunk, or undefined once the footer was found and the file proved whole.
   * @throws MalformedBytes at the first byte that is not what was written.
   */
  next(): Uint8Array | undefined {
    const head = this.disk.read(this.path, this.offset, CHUNK_HEADER_BYTES);
    const reader = new ByteReader(head);
    const length = reader.u32();
    if (length === 0) {
      this.checkFooter();
      return undefined;
    }
    const sum = reader.u32();
    if (length > SNAPSHOT_CHUNK_BYTES_MAX) throw new MalformedBytes(`a chunk of ${length} bytes`);
    const chunk = this.disk.read(this.path, this.offset + CHUNK_HEADER_BYTES, length);
    if (chunk.length < length) throw new MalformedBytes(`the file ends within the chunk at ${this.offset}`);
    if (crc32c(chunk) !== sum) throw new MalformedBytes(`the chunk at ${this.offset} has a wrong checksum`);
    this.sum = crc32c(chunk, 0, length, crc32c(head, 0, CHUNK_HEADER_BYTES, this.sum));
    this.offset += CHUNK_HEADER_BYTES + length;
    return chunk;
  }

  private checkFooter(): void {
    const footer = this.disk.read(this.path, this.offset, FOOTER_BYTES);
    const reader = new ByteReader(footer);
    reader.u32();
    const sum = reader.u32();
    const sizeBytes = reader.u32() + reader.u32() * HIGH_UNIT;
    if (reader.u32() !== crc32c(footer, 0, 16)) throw new MalformedBytes('the footer has a wrong checksum');
    if (sum !== this.sum) throw new MalformedBytes('the file as a whole has a wrong checksum');
    if (sizeBytes !== this.sizeBytes || sizeBytes !== this.offset + FOOTER_BYTES)
      throw new MalformedBytes(`${this.sizeBytes} bytes where ${sizeBytes} were written`);
  }
}
