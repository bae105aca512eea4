/**
 * All keys in memory, in sorted blocks. A block is an array of entries in key order, at most BLOCK_ENTRIES_MAX long; the
 * blocks are in an array too. For millions of keys that is as fast as a tree and half its size.
 *
 * A map finds single keys without a search. It begins empty and learns a key when it is first looked for: to fill it at
 * a start would cost a third of the start, for keys of which most are never touched again.
 */
import { ALL_AFTER, type Key, type KeySpan } from '../machine/values.ts';
import { KeyEntry } from './key-entry.ts';

const BLOCK_ENTRIES_MAX = 512;

export class KeyIndex {
  /** Keys that were written or looked for since they were loaded. */
  private readonly byKey = new Map<Key, KeyEntry>();
  /** Never empty blocks, in key order. */
  private blocks: KeyEntry[][] = [];
  /** Between `load` and `endLoading`: an entry a row, in the order of revisions. */
  private loaded: KeyEntry[] = [];
  private keyCount = 0;
  /** Entries of which compaction may take something. */
  readonly withHistory = new Set<KeyEntry>();
  /** Keys that exist now. */
  liveCount = 0;

  /** Keys of which anything is known, deleted ones among them. */
  get size(): number {
    return this.keyCount;
  }

  get(key: Key): KeyEntry | undefined {
    const known = this.byKey.get(key);
    if (known !== undefined || this.byKey.size === this.keyCount) return known;
    const entry = this.search(key);
    // Under the entry's own string, so that the one asked with need not live on.
    if (entry !== undefined) this.byKey.set(entry.key, entry);
    return entry;
  }

  /** Notes a change of a key, the latest of all. `version` 0: it was deleted. */
  change(key: Key, revision: number, sub: number, version: number, createRevision: number): void {
    const entry = this.get(key);
    if (entry === undefined) {
      const added = new KeyEntry(key, revision, sub, version, createRevision);
      this.byKey.set(key, added);
      this.keyCount++;
      this.insert(added);
      this.noteHistory(added, false);
      return;
    }
    const wasAlive = entry.isAlive;
    entry.change(revision, sub, version, createRevision);
    this.noteHistory(entry, wasAlive);
  }

  /** For loading, in the order of revisions: as `change`, but nothing is found before `endLoading`. */
  load(key: Key, revision: number, sub: number, version: number, createRevision: number): void {
    this.loaded.push(new KeyEntry(key, revision, sub, version, createRevision));
  }

  /** Brings what was loaded into order, and the changes of one key together. */
  endLoading(): void {
    // The sort is stable: changes of one key stay in the order of revisions.
    const rows = this.loaded.sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
    this.loaded = [];
    let block: KeyEntry[] = [];
    let last: KeyEntry | undefined;
    for (const row of rows) {
      if (last?.key === row.key) {
        last.change(row.revision, row.sub, row.version, row.createRevision);
        continue;
      }
      if (last !== undefined) this.noteHistory(last, false);
      if (block.length >= BLOCK_ENTRIES_MAX / 2) block = [];
      if (block.push(row) === 1) this.blocks.push(block);
      this.keyCount++;
      last = row;
    }
    if (last !== undefined) this.noteHistory(last, false);
  }

  clear(): void {
    this.byKey.clear();
    this.blocks = [];
    this.loaded = [];
    this.keyCount = 0;
    this.withHistory.clear();
    this.liveCount = 0;
  }

  /** Forgets a key altogether. */
  remove(entry: KeyEntry): void {
    this.byKey.delete(entry.key);
    this.keyCount--;
    this.withHistory.delete(entry);
    const blockIndex = this.blockOf(entry.key);
    const block = this.blocks[blockIndex]!;
    block.splice(lowerBound(block, entry.key), 1);
    if (block.length === 0) this.blocks.splice(blockIndex, 1);
  }

  /** Entries of a span in key order, dead ones among them. The index must not change meanwhile. */
  *entries(span: KeySpan): Generator<KeyEntry> {
    if (span.to === undefined) {
      const entry = this.get(span.from);
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

  private search(key: Key): KeyEntry | undefined {
    const block = this.blocks[this.blockOf(key)];
    const entry = block?.[lowerBound(block, key)];
    return entry?.key === key ? entry : undefined;
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
