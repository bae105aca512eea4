/**
 * The Disk port over files: positioned writes and fdatasync on the thread pool, names made durable by a sync of
 * their directory. Operations on one file run in the order of their calls. Nothing is ever tried again (pitfall 26).
 */
import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { type Disk, type DiskCallback, type DiskError, DiskFailure } from '@synod/consensus';

/** Zeros are written to a new file in pieces of this size, each synced, so that no other sync waits for them all. */
const ZERO_PIECE_BYTES = 4 * 1024 * 1024;

/** Told of each durable write how long its two halves took. */
export type WriteTimes = (path: string, writeMs: number, syncMs: number) => void;

type Finish = (error: NodeJS.ErrnoException | null) => void;

/** The operations of one path, first in first out. */
interface PathQueue {
  readonly waiting: (() => void)[];
  running: boolean;
}

export class NodeDisk implements Disk {
  private readonly root: string;
  private readonly elsewhere: Readonly<Record<string, string>>;
  private readonly timed: WriteTimes | undefined;
  /** Files opened for writing, until they are renamed, removed or the disk is closed. */
  private readonly descriptors = new Map<string, number>();
  private readonly queues = new Map<string, PathQueue>();

  /**
   * `root` must exist; see lockDataDirectory.
   * @param elsewhere directories of the disk's own that lie at another path, which exists
   */
  constructor(root: string, elsewhere: Readonly<Record<string, string>> = {}, timed?: WriteTimes) {
    this.root = root;
    this.elsewhere = elsewhere;
    this.timed = timed;
  }

  /** Closes every file. Nothing may be under way. */
  close(): void {
    for (const descriptor of this.descriptors.values()) fs.closeSync(descriptor);
    this.descriptors.clear();
  }

  list(directory: string): string[] {
    return this.guard(directory, () => {
      try {
        return fs.readdirSync(this.absolute(directory)).sort();
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
        throw error;
      }
    });
  }

  size(path: string): number | undefined {
    return this.guard(path, () => fs.statSync(this.absolute(path), { throwIfNoEntry: false })?.size);
  }

  read(path: string, offset: number, length: number): Uint8Array {
    return this.guard(path, () => {
      const descriptor = fs.openSync(this.absolute(path), 'r');
      try {
        const bytes = new Uint8Array(length);
        let filled = 0;
        while (filled < length) {
          const count = fs.readSync(descriptor, bytes, filled, length - filled, offset + filled);
          if (count === 0) break;
          filled += count;
        }
        return filled === length ? bytes : bytes.slice(0, filled);
      } finally {
        fs.closeSync(descriptor);
      }
    });
  }

  create(path: string, sizeBytes: number, done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      fs.mkdir(dirname(this.absolute(path)), { recursive: true, mode: 0o700 }, (directoryError) => {
        if (directoryError !== null) return finish(directoryError);
        fs.open(this.absolute(path), 'wx+', 0o600, (openError, descriptor) => {
          if (openError !== null) return finish(openError);
          this.descriptors.set(path, descriptor);
          writeZeros(descriptor, sizeBytes, (zeroError) => {
            if (zeroError === null) this.syncDirectories(path, finish);
            else finish(zeroError);
          });
        });
      });
    });
  }

  writeDurably(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      this.withDescriptor(path, finish, (descriptor) => {
        const startedMs = performance.now();
        writeFully(descriptor, chunks, offset, (error) => {
          if (error !== null) return finish(error);
          const writtenMs = performance.now();
          fs.fdatasync(descriptor, (syncError) => {
            if (syncError === null) this.timed?.(path, writtenMs - startedMs, performance.now() - writtenMs);
            finish(syncError);
          });
        });
      });
    });
  }

  write(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      this.withDescriptor(path, finish, (descriptor) => writeFully(descriptor, chunks, offset, finish));
    });
  }

  sync(path: string, done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      this.withDescriptor(path, finish, (descriptor) => fs.fdatasync(descriptor, finish));
    });
  }

  rename(from: string, to: string, done: DiskCallback): void {
    this.enqueue(from, done, (finish) => {
      if (from !== to) {
        this.forget(from);
        this.forget(to);
      }
      fs.rename(this.absolute(from), this.absolute(to), (error) => {
        if (error === null) this.syncDirectories(to, finish);
        else finish(error);
      });
    });
  }

  truncate(path: string, sizeBytes: number, done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      this.withDescriptor(path, finish, (descriptor) => {
        fs.ftruncate(descriptor, sizeBytes, (error) => {
          if (error === null) fs.fsync(descriptor, finish);
          else finish(error);
        });
      });
    });
  }

  remove(path: string, done: DiskCallback): void {
    this.enqueue(path, done, (finish) => {
      this.forget(path);
      fs.unlink(this.absolute(path), (error) => {
        if (error === null) this.syncDirectories(path, finish);
        else finish(error.code === 'ENOENT' ? null : error);
      });
    });
  }

  private absolute(path: string): string {
    const [first = '', ...rest] = path.split('/');
    return Object.hasOwn(this.elsewhere, first)
      ? join(this.elsewhere[first]!, ...rest)
      : join(this.root, path);
  }

  private enqueue(path: string, done: DiskCallback, operation: (finish: Finish) => void): void {
    const queue = this.queues.get(path) ?? { waiting: [], running: false };
    this.queues.set(path, queue);
    queue.waiting.push(() =>
      operation((error) => {
        queue.running = false;
        this.next(path, queue);
        done(error === null ? undefined : toDiskError(path, error));
      }),
    );
    this.next(path, queue);
  }

  private next(path: string, queue: PathQueue): void {
    if (queue.running) return;
    const operation = queue.waiting.shift();
    if (operation === undefined) {
      this.queues.delete(path);
      return;
    }
    queue.running = true;
    operation();
  }

  /** Opens the file for writing at its first use. */
  private withDescriptor(path: string, finish: Finish, use: (descriptor: number) => void): void {
    const open = this.descriptors.get(path);
    if (open !== undefined) {
      use(open);
      return;
    }
    fs.open(this.absolute(path), 'r+', (error, descriptor) => {
      if (error !== null) return finish(error);
      this.descriptors.set(path, descriptor);
      use(descriptor);
    });
  }

  private forget(path: string): void {
    const descriptor = this.descriptors.get(path);
    if (descriptor === undefined) return;
    this.descriptors.delete(path);
    fs.closeSync(descriptor);
  }

  /** Makes a name durable: its directory, and the root that names that one. */
  private syncDirectories(path: string, finish: Finish): void {
    const directory = dirname(this.absolute(path));
    syncDirectory(directory, (error) => {
      if (error !== null || directory === this.root) finish(error);
      else syncDirectory(this.root, finish);
    });
  }

  /** @throws DiskFailure for whatever the operating system refuses. */
  private guard<Result>(path: string, call: () => Result): Result {
    try {
      return call();
    } catch (error) {
      throw new DiskFailure(toDiskError(path, error as NodeJS.ErrnoException));
    }
  }
}

function writeFully(descriptor: number, chunks: readonly Uint8Array[], offset: number, finish: Finish): void {
  if (chunks.length === 0) {
    finish(null);
    return;
  }
  fs.writev(descriptor, chunks, offset, (error, written) => {
    if (error !== null) return finish(error);
    const rest = unwritten(chunks, written);
    // A short write is how a full disk announces itself; writing the rest gets the error proper.
    writeFully(descriptor, rest, offset + written, finish);
  });
}

function unwritten(chunks: readonly Uint8Array[], written: number): Uint8Array[] {
  const rest: Uint8Array[] = [];
  for (const chunk of chunks) {
    if (written < chunk.length) rest.push(chunk.subarray(written));
    written = Math.max(0, written - chunk.length);
  }
  return rest;
}

/** Zeros are really written: a file that only has the size would need its blocks allocated at every later sync. */
function writeZeros(descriptor: number, sizeBytes: number, finish: Finish): void {
  const zeros = new Uint8Array(Math.min(ZERO_PIECE_BYTES, sizeBytes));
  const writeFrom = (offset: number): void => {
    if (offset >= sizeBytes) {
      fs.fsync(descriptor, finish);
      return;
    }
    const piece = zeros.subarray(0, Math.min(zeros.length, sizeBytes - offset));
    writeFully(descriptor, [piece], offset, (error) => {
      if (error !== null) return finish(error);
      fs.fdatasync(descriptor, (syncError) => {
        if (syncError === null) writeFrom(offset + piece.length);
        else finish(syncError);
      });
    });
  };
  writeFrom(0);
}

function syncDirectory(directory: string, finish: Finish): void {
  fs.open(directory, 'r', (openError, descriptor) => {
    if (openError !== null) return finish(openError);
    fs.fsync(descriptor, (syncError) =>
      fs.close(descriptor, (closeError) => finish(syncError ?? closeError)),
    );
  });
}

const KIND_OF_CODE: Readonly<Record<string, DiskError['kind']>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  EACCES: 'denied',
  EPERM: 'denied',
  EROFS: 'denied',
  EEXIST: 'exists',
};

export function toDiskError(path: string, error: NodeJS.ErrnoException): DiskError {
  return { kind: KIND_OF_CODE[error.code ?? ''] ?? 'failed', path, detail: error.message };
}
