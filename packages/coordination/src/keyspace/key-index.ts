/**
 * All keys in memory: a map for one key, sorted blocks for spans. A block is an array of entries in key order, at most
 * BLOCK_ENTRIES_MAX long; the blocks are in an array too. For millions of keys that is as fast as a tree and half its
 * size.
 */
import { ALL_AFTER, type Key, type KeySpan } from '../machine/values.ts';
import { KeyEntry } from './key-entry.ts';

const BLOCK_ENTRIES_MAX = 512;

export class KeyIndex {
  private readonly byKey = new Map<Key, KeyEntry>();
  /** Never empty blocks, in key order. */
  private blocks: KeyEntry[][] = [];
  /** Entries of which compaction may take something. */
  readonly withHistory = new Set<KeyEntry>();
  /** Keys that exist now. */
  liveCount = 0;

  get size(): number {
    return this.byKey.size;
  }

  get(key: Key): KeyEntry | undefined {
    return this.byKey.get(key);
  }

  /** Notes a change of a key, the latest of all. `version` 0: it was deleted. */
  change(key: Key, revision: number, sub: number, version: number, createRevision: number): void {
    const entry = this.byKey.get(key);
    if (entry === undefined) {
      const added = new KeyEntry(key, revision, sub, version, createRevision);
      this.byKey.set(key, added);
      this.insert(added);
      this.noteHistory(added, false);
      return;
    }
    const wasAlive = entry.isAlive;
    entry.change(revision, sub, version, createRevision);
    this.noteHistory(entry, wasAlive);
  }

  /** For loading: as `change`, but keys come into order only with `endLoading`. */
  load(key: Key, revision: number, sub: number, version: number, createRevision: number): void {
    const entry = this.byKey.get(key);
    const wasAlive = entry?.isAlive ?? false;
    const loaded = entry ?? new KeyEntry(key, revision, sub, version, createRevision);
    if (entry === undefined) this.byKey.set(key, loaded);
    else loaded.change(revision, sub, version, createRevision);
    this.noteHistory(loaded, wasAlive);
  }

  endLoading(): void {
    const sorted = [...this.byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    this.blocks = [];
    const blockLength = BLOCK_ENTRIES_MAX / 2;
    for (let start = 0; start < sorted.length; start += blockLength)
      this.blocks.push(sorted.slice(start, start + blockLength));
  }

  clear(): void {
    this.byKey.clear();
    this.blocks = [];
    this.withHistory.clear();
    this.liveCount = 0;
  }

  /** Forgets a key altogether. */
  remove(entry: KeyEntry): void {
    this.byKey.delete(entry.key);
    this.withHistory.delete(entry);
    const blockIndex = this.blockOf(entry.key);
    const block = this.blocks[blockIndex]!;
    block.splice(lowerBound(block, entry.key), 1);
    if (block.length === 0) this.blocks.splice(blockIndex, 1);
  }

  /** Entries of a span in key order, dead ones among them. The index must not change meanwhile. */
  *entries(span: KeySpan): Generator<KeyEntry> {
    if (span.to === undefined) {
      const entry = this.byKey.get(span.from);
      if (entry !== undefined) yield entry;
      return;
    }
    const end = span.to === ALL_AFTER ? undefined : span.to;
    for (let index = Math.max(this.blockOf(span.from), 0); index < this.blocks.length; index++) {
      const block = this.blocks[index]!;
      for (let position = lowerBound(block, span.from); position < block.length; position++) {
        const entry = block[position]!;
        if (end !== undefined && entry.key >= end) return;
        yield entry;
      }
    }
  }

  private noteHistory(entry: KeyEntry, wasAlive: boolean): void {
    if (entry.hasHistory) this.withHistory.add(entry);
    if (entry.isAlive && !wasAlive) this.liveCount++;
    else if (!entry.isAlive && wasAlive) this.liveCount--;
  }

  private insert(entry: KeyEntry): void {
    if (this.blocks.length === 0) {
      this.blocks.push([entry]);
      return;
    }
    const blockIndex = Math.max(this.blockOf(entry.key), 0);
    const block = this.blocks[blockIndex]!;
    block.splice(lowerBound(block, entry.key), 0, entry);
    if (block.length > BLOCK_ENTRIES_MAX)
      this.blocks.splice(blockIndex + 1, 0, block.splice(splitPoint(block, entry)));
  }

  /** The last block that begins at or before a key; −1: all begin after it. */
  private blockOf(key: Key): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.blocks[middle]![0]!.key <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Half, or, where keys come in order, nearly all: blocks then stay full. */
function splitPoint(block: readonly KeyEntry[], inserted: KeyEntry): number {
  return block.at(-1) === inserted ? block.length - 1 : block.length >>> 1;
}

/** Where a key stands, or would stand. */
function lowerBound(block: readonly KeyEntry[], key: Key): number {
  let low = 0;
  let high = block.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (block[middle]!.key < key) low = middle + 1;
    else high = middle;
  }
  return low;
}
