/**
 * A disk in memory that forgets what was not synced when it crashes: the same journal and replica run on it in
 * tests and in simulated worlds. Completions come when the owner's scheduler says so.
 */
import type { Disk, DiskCallback, DiskError } from '../replica/ports.ts';
import { DiskFailure } from './disk-failure.ts';

/** A write survives a power cut whole or not by units of this size. */
export const SECTOR_BYTES = 512;

type Operation = 'create' | 'write' | 'sync' | 'rename' | 'truncate' | 'remove';

interface MemoryFile {
  /** What every read sees. */
  current: Uint8Array;
  /** What a power cut leaves. Written by `sync` and by crashes. */
  durable: Uint8Array;
  /** What was written since the last sync, in order. */
  unsynced: { readonly offset: number; readonly bytes: Uint8Array }[];
}

interface PendingOperation {
  readonly operation: Operation;
  readonly path: string;
  readonly run: () => DiskError | undefined;
  readonly done: DiskCallback;
}

export interface MemoryDiskOptions {
  /** Runs each completion, in the order of the calls. Default: when `settle` is called. */
  readonly schedule?: (job: () => void) => void;
  /** Sum of all files' sizes at which creating or growing one fails as full. */
  readonly capacityBytes?: number;
}

export class MemoryDisk implements Disk {
  private readonly files = new Map<string, MemoryFile>();
  private readonly schedule: (job: () => void) => void;
  private readonly jobs: (() => void)[] = [];
  private pending: PendingOperation[] = [];
  /** Completions of an earlier life find another number here and do nothing. */
  private life = 0;
  private readonly failures = new Map<Operation, DiskError['kind']>();
  capacityBytes: number;
  /** Syncs completed, for tests that count them. */
  syncs = 0;

  constructor(options: MemoryDiskOptions = {}) {
    this.schedule = options.schedule ?? ((job) => this.jobs.push(job));
    this.capacityBytes = options.capacityBytes ?? Number.POSITIVE_INFINITY;
  }

  /** Runs what waits, and what that causes, in order; without an own scheduler. */
  settle(): void {
    for (let job = this.jobs.shift(); job !== undefined; job = this.jobs.shift()) job();
  }

  /** Whether nothing waits to complete; without an own scheduler. */
  get isIdle(): boolean {
    return this.jobs.length === 0;
  }

  /** Runs the next `count` completions only. */
  settleSome(count: number): void {
    for (let i = 0; i < count; i++) this.jobs.shift()?.();
  }

  /** Every further operation of this kind fails like this; undefined: no more. */
  failOn(operation: Operation, kind: DiskError['kind'] | undefined): void {
    if (kind === undefined) this.failures.delete(operation);
    else this.failures.set(operation, kind);
  }

  /**
   * The power goes. Operations under way never call back. Of what was not synced, each sector survives if `survives`
   * says so (default: none does), and so does each name operation under way.
   */
  crash(survives: () => boolean = () => false): void {
    this.life++;
    this.jobs.length = 0;
    for (const { operation, run } of this.pending) {
      if (operation === 'write') run();
      else if (operation !== 'sync' && survives()) run();
    }
    this.pending = [];
    for (const file of this.files.values()) {
      for (const write of file.unsynced) keepSectors(file, write.offset, write.bytes, survives);
      file.unsynced = [];
      file.current = file.durable.slice();
    }
  }

  /** The process ends, the power does not: what was written stays readable and is still not synced. */
  kill(): void {
    this.life++;
    this.jobs.length = 0;
    for (const { operation, run } of this.pending) if (operation === 'write') run();
    this.pending = [];
  }

  /** Bit rot: flips bits of a byte that was durable. */
  corrupt(path: string, offset: number, flippedBits = 0xff): void {
    const file = this.file(path);
    file.current[offset]! ^= flippedBits;
    file.durable[offset]! ^= flippedBits;
  }

  /** Every path, sorted. */
  paths(): string[] {
    return [...this.files.keys()].sort();
  }

  list(directory: string): string[] {
    const prefix = `${directory}/`;
    return this.paths()
      .filter((path) => path.startsWith(prefix))
      .map((path) => path.slice(prefix.length))
      .filter((name) => !name.includes('/'));
  }

  size(path: string): number | undefined {
    return this.files.get(path)?.current.length;
  }

  read(path: string, offset: number, length: number): Uint8Array {
    return this.file(path).current.slice(offset, offset + length);
  }

  create(path: string, sizeBytes: number, done: DiskCallback): void {
    this.begin('create', path, done, () => {
      if (this.files.has(path)) return { kind: 'exists', path, detail: 'the file exists' };
      if (!this.hasSpace(sizeBytes)) return full(path);
      this.files.set(path, {
        current: new Uint8Array(sizeBytes),
        durable: new Uint8Array(sizeBytes),
        unsynced: [],
      });
      return undefined;
    });
  }

  writeDurably(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    this.write(path, offset, chunks, (writeError) => {
      if (writeError !== undefined) done(writeError);
      else this.sync(path, done);
    });
  }

  write(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    const bytes = concatenate(chunks);
    this.begin('write', path, done, () => {
      const file = this.file(path);
      const growth = Math.max(0, offset + bytes.length - file.current.length);
      if (!this.hasSpace(growth)) return full(path);
      file.current = grown(file.current, offset + bytes.length);
      file.current.set(bytes, offset);
      file.unsynced.push({ offset, bytes });
      return undefined;
    });
  }

  sync(path: string, done: DiskCallback): void {
    this.begin('sync', path, done, () => {
      const file = this.file(path);
      file.durable = file.durable.length === file.current.length ? file.durable : file.current.slice();
      for (const { offset, bytes } of file.unsynced) file.durable.set(bytes, offset);
      file.unsynced = [];
      this.syncs++;
      return undefined;
    });
  }

  rename(from: string, to: string, done: DiskCallback): void {
    this.begin('rename', from, done, () => {
      const file = this.file(from);
      this.files.delete(from);
      this.files.set(to, file);
      return undefined;
    });
  }

  truncate(path: string, sizeBytes: number, done: DiskCallback): void {
    this.begin('truncate', path, done, () => {
      const file = this.file(path);
      file.current = resized(file.current, sizeBytes);
      file.durable = file.current.slice();
      file.unsynced = [];
      return undefined;
    });
  }

  remove(path: string, done: DiskCallback): void {
    this.begin('remove', path, done, () => {
      this.files.delete(path);
      return undefined;
    });
  }

  private begin(
    operation: Operation,
    path: string,
    done: DiskCallback,
    run: () => DiskError | undefined,
  ): void {
    const pending: PendingOperation = { operation, path, run, done };
    this.pending.push(pending);
    const { life } = this;
    this.schedule(() => {
      if (life !== this.life) return;
      this.pending = this.pending.filter((other) => other !== pending);
      const kind = this.failures.get(operation);
      done(kind === undefined ? run() : { kind, path, detail: `injected into ${operation}` });
    });
  }

  private file(path: string): MemoryFile {
    const file = this.files.get(path);
    if (file === undefined) throw new DiskFailure({ kind: 'failed', path, detail: 'no such file' });
    return file;
  }

  private hasSpace(moreBytes: number): boolean {
    let used = 0;
    for (const file of this.files.values()) used += file.current.length;
    return used + moreBytes <= this.capacityBytes;
  }
}

function full(path: string): DiskError {
  return { kind: 'full', path, detail: 'no space left' };
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}

function grown(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  return bytes.length >= sizeBytes ? bytes : resized(bytes, sizeBytes);
}

function resized(bytes: Uint8Array, sizeBytes: number): Uint8Array {
  const copy = new Uint8Array(sizeBytes);
  copy.set(bytes.subarray(0, sizeBytes));
  return copy;
}

/** Lets each sector that a write touched survive or not. */
function keepSectors(file: MemoryFile, offset: number, bytes: Uint8Array, survives: () => boolean): void {
  const end = offset + bytes.length;
  for (let at = offset; at < end; ) {
    const next = Math.min(end, (Math.floor(at / SECTOR_BYTES) + 1) * SECTOR_BYTES);
    if (survives()) {
      file.durable = grown(file.durable, next);
      file.durable.set(bytes.subarray(at - offset, next - offset), at);
    }
    at = next;
  }
}
