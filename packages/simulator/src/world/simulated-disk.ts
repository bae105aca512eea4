/**
 * One member's disk: operations take time and end in their order; a power cut takes what was not synced, whole or by
 * sectors; syncs are slow or fail, space runs out, bytes rot. Knows files, not what is in them.
 */
import { type Disk, type DiskCallback, type DiskError, DiskFailure } from '@synod/consensus';
import { PREPARED_SEGMENT_PATH } from '@synod/consensus/journal/segment-name.ts';
import type { SeededRandom } from '../random/seeded-random.ts';
import { SimulatedFile } from './simulated-file.ts';

type Operation = 'create' | 'write' | 'sync' | 'rename' | 'truncate' | 'remove';

interface PendingOperation {
  readonly operation: Operation;
  readonly path: string;
  readonly run: () => DiskError | undefined;
  readonly done: DiskCallback;
}

export interface SimulatedDiskPorts {
  readonly nowMs: () => number;
  /** Runs the job after a delay, unless the life that asked for it has ended by then. */
  readonly later: (delayMs: number, job: () => void) => void;
  readonly random: SeededRandom;
}

/** How long one operation takes, in milliseconds. */
const WRITE_MIN_MS = 0.02;
const WRITE_MAX_MS = 0.1;
const SYNC_MIN_MS = 0.1;
const SYNC_MAX_MS = 2;

/** Where one durable write of the journal lies, for damage that must not hit the newest. */
interface WrittenFrame {
  readonly path: string;
  readonly offset: number;
  readonly length: number;
}

const FRAMES_REMEMBERED = 64;

export class SimulatedDisk implements Disk {
  private readonly ports: SimulatedDiskPorts;
  private readonly files = new Map<string, SimulatedFile>();
  private readonly pending: PendingOperation[] = [];
  /** When the last operation asked for so far ends. */
  private busyUntilMs = 0;
  /** Operations of a life that ended find another number here. */
  private life = 0;
  /** Multiplies how long a sync takes. */
  slowness = 1;
  /** The next sync fails like this. */
  failure: DiskError['kind'] | undefined;
  capacityBytes = Number.POSITIVE_INFINITY;
  /** Oldest first. */
  private frames: WrittenFrame[] = [];

  constructor(ports: SimulatedDiskPorts) {
    this.ports = ports;
  }

  /** The power goes. Operations under way never call back; some of them happened. */
  cutPower(survival: number): void {
    const { random } = this.ports;
    const survives = (): boolean => random.chance(survival);
    this.life++;
    for (const { operation, run } of this.pending)
      if (operation === 'write') run();
      else if (operation !== 'sync' && survives()) run();
    this.pending.length = 0;
    for (const file of this.files.values()) file.loseUnsynced(survives);
    this.busyUntilMs = 0;
    this.failure = undefined;
  }

  /** The process ends, the power does not: what was written stays readable and is still not synced. */
  endProcess(): void {
    this.life++;
    for (const { operation, run } of this.pending) if (operation === 'write') run();
    this.pending.length = 0;
    this.busyUntilMs = 0;
    this.failure = undefined;
  }

  wipe(): void {
    this.files.clear();
    this.frames = [];
    this.capacityBytes = Number.POSITIVE_INFINITY;
  }

  get usedBytes(): number {
    let used = 0;
    for (const file of this.files.values()) used += file.length;
    return used;
  }

  /** Bytes rot in a frame of the journal that is not the newest. `false`: there is none. */
  rotFrame(random: SeededRandom): boolean {
    const frame = this.olderFrame(random);
    if (frame === undefined) return false;
    const offset = frame.offset + random.below(frame.length);
    const flipped = this.files.get(frame.path)!.read(offset, 1);
    flipped[0] = flipped[0]! ^ (1 << random.below(8));
    this.files.get(frame.path)!.damage(offset, flipped);
    return true;
  }

  /** A write meant for elsewhere lands in a frame of the journal that is not the newest. `false`: there is none. */
  misdirectInto(random: SeededRandom): boolean {
    const frame = this.olderFrame(random);
    if (frame === undefined) return false;
    const bytes = Uint8Array.from({ length: Math.min(frame.length, 64) }, () => random.below(256));
    this.files.get(frame.path)!.damage(frame.offset, bytes);
    return true;
  }

  private olderFrame(random: SeededRandom): WrittenFrame | undefined {
    // A segment that is being prepared has not got its name yet: its preamble shows of nothing that it was durable.
    const named = this.frames.filter(({ path }) => path !== PREPARED_SEGMENT_PATH);
    const older = named.slice(0, -1).filter(({ path }) => this.files.has(path));
    return older.length === 0 ? undefined : random.pick(older);
  }

  list(directory: string): string[] {
    const prefix = `${directory}/`;
    const names: string[] = [];
    for (const path of this.files.keys())
      if (path.startsWith(prefix) && !path.includes('/', prefix.length))
        names.push(path.slice(prefix.length));
    return names.sort();
  }

  size(path: string): number | undefined {
    return this.files.get(path)?.length;
  }

  read(path: string, offset: number, length: number): Uint8Array {
    return this.file(path).read(offset, length);
  }

  create(path: string, sizeBytes: number, done: DiskCallback): void {
    this.begin('create', path, done, () => {
      if (this.files.has(path)) return { kind: 'exists', path, detail: 'the file exists' };
      if (!this.hasSpace(sizeBytes)) return full(path);
      this.files.set(path, new SimulatedFile(sizeBytes));
      return undefined;
    });
  }

  writeDurably(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    this.write(path, offset, chunks, (writeError) => {
      if (writeError !== undefined) {
        done(writeError);
        return;
      }
      this.sync(path, (syncError) => {
        if (syncError === undefined && path.startsWith('journal/')) this.remember(path, offset, chunks);
        done(syncError);
      });
    });
  }

  write(path: string, offset: number, chunks: readonly Uint8Array[], done: DiskCallback): void {
    // Copied now: the owner may use its buffer again once this has ended.
    const bytes = concatenated(chunks);
    this.begin('write', path, done, () => {
      const file = this.file(path);
      if (!this.hasSpace(offset + bytes.length - file.length)) return full(path);
      file.write(offset, bytes);
      return undefined;
    });
  }

  sync(path: string, done: DiskCallback): void {
    this.begin('sync', path, done, () => {
      const kind = this.failure;
      if (kind !== undefined) return { kind, path, detail: 'the disk does not answer' };
      this.file(path).sync();
      return undefined;
    });
  }

  rename(from: string, to: string, done: DiskCallback): void {
    this.begin('rename', from, done, () => {
      const file = this.file(from);
      this.files.delete(from);
      this.files.set(to, file);
      this.frames = this.frames.map((frame) => (frame.path === from ? { ...frame, path: to } : frame));
      return undefined;
    });
  }

  truncate(path: string, sizeBytes: number, done: DiskCallback): void {
    this.begin('truncate', path, done, () => {
      this.file(path).resize(sizeBytes);
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
    const { random, nowMs } = this.ports;
    const takesMs =
      operation === 'write'
        ? random.between(WRITE_MIN_MS, WRITE_MAX_MS)
        : random.between(SYNC_MIN_MS, SYNC_MAX_MS) * this.slowness;
    this.busyUntilMs = Math.max(this.busyUntilMs, nowMs()) + takesMs;
    const { life } = this;
    this.ports.later(this.busyUntilMs - nowMs(), () => {
      if (life !== this.life) return;
      // Operations end in their order, so this is the first.
      this.pending.shift();
      done(run());
    });
  }

  private remember(path: string, offset: number, chunks: readonly Uint8Array[]): void {
    const length = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    this.frames.push({ path, offset, length });
    if (this.frames.length > FRAMES_REMEMBERED) this.frames.shift();
  }

  private file(path: string): SimulatedFile {
    const file = this.files.get(path);
    if (file === undefined) throw new DiskFailure({ kind: 'failed', path, detail: 'no such file' });
    return file;
  }

  private hasSpace(moreBytes: number): boolean {
    return moreBytes <= 0 || this.usedBytes + moreBytes <= this.capacityBytes;
  }
}

function full(path: string): DiskError {
  return { kind: 'full', path, detail: 'no space left' };
}

function concatenated(chunks: readonly Uint8Array[]): Uint8Array {
  if (chunks.length === 1) return chunks[0]!.slice();
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
