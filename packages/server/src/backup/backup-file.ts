/** A backup in a file: checked from its outside, and read through. What its image holds, others know. */
import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import {
  type BackupHead,
  BLOCK_BYTES,
  backupBytes,
  DIGEST_BYTES,
  parseHead,
  parseTail,
} from './backup-format.ts';

const PIECE_BYTES = 1024 * 1024;

/** Words for whoever named the file. */
export class BackupProblem extends Error {}

export class BackupFile {
  readonly path: string;
  readonly head: BackupHead;
  readonly sizeBytes: number;
  private readonly file: FileHandle;
  private readonly imageBytes: number;

  private constructor(
    path: string,
    file: FileHandle,
    head: BackupHead,
    imageBytes: number,
    sizeBytes: number,
  ) {
    this.path = path;
    this.file = file;
    this.head = head;
    this.imageBytes = imageBytes;
    this.sizeBytes = sizeBytes;
  }

  /** @throws BackupProblem */
  static async open(path: string): Promise<BackupFile> {
    const file = await open(path).catch((error: Error) => {
      throw new BackupProblem(`could not open ${path} (${error.message})`);
    });
    try {
      const { size } = await file.stat();
      const head = parseHead(await bytesAt(file, 0, BLOCK_BYTES));
      if (!head.ok) throw new BackupProblem(`${path} ${head.reason}`);
      const tail = parseTail(await bytesAt(file, size - DIGEST_BYTES - BLOCK_BYTES, BLOCK_BYTES));
      if (!tail.ok) throw new BackupProblem(`${path} ${tail.reason}`);
      const expected = backupBytes(tail.facts);
      if (size !== expected)
        throw new BackupProblem(`${path} has ${size} bytes where it should have ${expected}`);
      return new BackupFile(path, file, head.facts, tail.facts.imageBytes, size);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** The first four bytes of the digest: enough to tell two backups apart. */
  async shortDigest(): Promise<number> {
    return (await this.digest()).readUInt32BE();
  }

  /** Reads the whole file. @throws BackupProblem when a byte of it is not what it was */
  async verify(progress: (share: number) => void, interrupted: AbortSignal): Promise<void> {
    const hash = createHash('sha256');
    const end = this.sizeBytes - DIGEST_BYTES;
    for await (const piece of this.bytes(0, end, interrupted)) {
      hash.update(piece.bytes);
      progress(piece.end / end);
    }
    if (!hash.digest().equals(await this.digest()))
      throw new BackupProblem(
        `${this.path} is damaged: its SHA-256 is not that of its ${end} bytes. Take another backup.`,
      );
  }

  /** The image, in pieces. */
  async *image(progress: (share: number) => void, interrupted: AbortSignal): AsyncGenerator<Uint8Array> {
    const { imageBytes } = this;
    for await (const { bytes, end } of this.bytes(BLOCK_BYTES, BLOCK_BYTES + imageBytes, interrupted)) {
      yield bytes;
      progress((end - BLOCK_BYTES) / imageBytes);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }

  private digest(): Promise<Buffer> {
    return bytesAt(this.file, this.sizeBytes - DIGEST_BYTES, DIGEST_BYTES);
  }

  private async *bytes(
    from: number,
    to: number,
    interrupted: AbortSignal,
  ): AsyncGenerator<{ readonly bytes: Buffer; readonly end: number }> {
    for (let at = from; at < to; at += PIECE_BYTES) {
      if (interrupted.aborted) throw new BackupProblem('interrupted');
      const end = Math.min(at + PIECE_BYTES, to);
      yield { bytes: await bytesAt(this.file, at, end - at), end };
    }
  }
}

/** As many as there are. */
async function bytesAt(file: FileHandle, offset: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await file.read(buffer, 0, length, Math.max(0, offset));
  return buffer.subarray(0, bytesRead);
}
