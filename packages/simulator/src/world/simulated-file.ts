/** One file's bytes: what reads see, and what of it a power cut may take back. */
import { SECTOR_BYTES } from '@synod/consensus';

interface UnsyncedWrite {
  readonly offset: number;
  readonly bytes: Uint8Array;
  /** What was there before; undefined: zeros, as nothing had ever been written there. */
  readonly before: Uint8Array | undefined;
  readonly lengthBefore: number;
}

export class SimulatedFile {
  private buffer: Uint8Array;
  length: number;
  private unsynced: UnsyncedWrite[] = [];
  /** From here on the buffer is zeros. Monotonic. */
  private zerosFrom = 0;

  constructor(sizeBytes: number) {
    this.buffer = new Uint8Array(sizeBytes);
    this.length = sizeBytes;
  }

  read(offset: number, length: number): Uint8Array {
    return this.buffer.slice(offset, Math.min(offset + length, this.length));
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    this.unsynced.push({
      offset,
      bytes,
      before: offset < this.zerosFrom ? this.buffer.slice(offset, Math.min(end, this.length)) : undefined,
      lengthBefore: this.length,
    });
    this.set(offset, bytes);
  }

  sync(): void {
    if (this.unsynced.length > 0) this.unsynced = [];
  }

  /** Cut or grown with zeros, durably. */
  resize(sizeBytes: number): void {
    this.sync();
    if (sizeBytes > this.buffer.length) this.grow(sizeBytes);
    if (sizeBytes < this.length) this.buffer.fill(0, sizeBytes, this.length);
    this.length = sizeBytes;
  }

  /** The power goes: of what was not synced, each sector stays or not as `survives` says. */
  loseUnsynced(survives: () => boolean): void {
    const writes = this.unsynced;
    this.unsynced = [];
    for (const write of writes.toReversed()) {
      if (write.before === undefined)
        this.buffer.fill(0, write.offset, Math.min(write.offset + write.bytes.length, this.length));
      else this.buffer.set(write.before, write.offset);
      if (write.lengthBefore < this.length)
        this.buffer.fill(0, Math.max(write.lengthBefore, write.offset), this.length);
      this.length = write.lengthBefore;
    }
    for (const { offset, bytes } of writes) {
      const end = offset + bytes.length;
      for (let at = offset; at < end; ) {
        const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
        if (survives()) this.set(at, bytes.subarray(at - offset, next - offset));
        at = next;
      }
    }
  }

  /** Damage: these bytes are there now, and nobody was told. */
  damage(offset: number, bytes: Uint8Array): void {
    const fitting = bytes.subarray(0, Math.max(0, this.length - offset));
    this.buffer.set(fitting, offset);
    this.zerosFrom = Math.max(this.zerosFrom, offset + fitting.length);
  }

  private set(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    if (end > this.buffer.length) this.grow(Math.max(end, 2 * this.buffer.length));
    this.buffer.set(bytes, offset);
    if (end > this.zerosFrom) this.zerosFrom = end;
    if (end > this.length) this.length = end;
  }

  private grow(capacity: number): void {
    const larger = new Uint8Array(capacity);
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}
