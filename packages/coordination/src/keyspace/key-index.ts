/**
 * All keys in memory, in sorted blocks. A block has entries in key order, at most BLOCK_ENTRIES_MAX of them; the blocks are
 * in an array too. For millions of keys that is as fast as a tree and half its size. Each block knows how many of its
 * keys exist, so that the keys of a span are counted without a look at each.
 *
 * A map finds single keys without a search. It begins empty and learns a key when it is first looked for: to fill it at
 * a start would cost a third of the start, for keys of which most are never touched again.
 */
import { ALL_AFTER, type Key, type KeySpan } from '../machine/values.ts';
import { KeyEntry } from './key-entry.ts';

const BLOCK_ENTRIES_MAX = 512;

/** Entries in key order, and how many of them are of keys that exist now. */
interface Block {
  entries: KeyEntry[];
  live: number;
}

export class KeyIndex {
  /** Keys that were written or looked for since they were loaded. */
  private readonly byKey = new Map<Key, KeyEntry>();
  /** Never empty blocks, in key order. */
  private blocks: Block[] = [];
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
      this.noteChange(undefined, added, false);
      return;
    }
    const wasAlive = entry.isAlive;
    entry.change(revision, sub, version, createRevision);
    this.noteChange(wasAlive === entry.isAlive ? undefined : this.blocks[this.blockOf(key)], entry, wasAlive);
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
    let block: Block = { entries: [], live: 0 };
    let last: KeyEntry | undefined;
    for (const row of rows) {
      if (last?.key === row.key) {
        last.change(row.revision, row.sub, row.version, row.createRevision);
        continue;
      }
      if (last !== undefined) this.noteChange(block, last, false);
      if (block.entries.length >= BLOCK_ENTRIES_MAX / 2) block = { entries: [], live: 0 };
      if (block.entries.push(row) === 1) this.blocks.push(block);
      this.keyCount++;
      last = row;
    }
    if (last !== undefined) this.noteChange(block, last, false);
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
    const { entries } = block;
    entries.splice(lowerBound(entries, entry.key), 1);
    if (entry.isAlive) {
      this.liveCount--;
      block.live--;
    }
    if (entries.length === 0) this.blocks.splice(blockIndex, 1);
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
      const { entries } = this.blocks[index]!;
      for (let position = lowerBound(entries, span.from); position < entries.length; position++) {
        const entry = entries[position]!;
        if (end !== undefined && entry.key >= end) return;
        yield entry;
      }
    }
  }

  /** Likewise, without the dead: blocks of nothing else are passed over. */
  *liveEntries(span: KeySpan): Generator<KeyEntry> {
    if (span.to === undefined) {
      const entry = this.get(span.from);
      if (entry?.isAlive) yield entry;
      return;
    }
    const end = span.to === ALL_AFTER ? undefined : span.to;
    for (let index = Math.max(this.blockOf(span.from), 0); index < this.blocks.length; index++) {
      const { entries, live } = this.blocks[index]!;
      if (end !== undefined && entries[0]!.key >= end) return;
      if (live === 0) continue;
      for (let position = lowerBound(entries, span.from); position < entries.length; position++) {
        const entry = entries[position]!;
        if (end !== undefined && entry.key >= end) return;
        if (entry.isAlive) yield entry;
      }
    }
  }

  /** How many keys of a span exist now. Costs a look at each block, and at the entries of the first and last. */
  countLive(span: KeySpan): number {
    if (span.to === undefined) return this.get(span.from)?.isAlive ? 1 : 0;
    const end = span.to === ALL_AFTER ? undefined : span.to;
    let count = 0;
    for (let index = Math.max(this.blockOf(span.from), 0); index < this.blocks.length; index++) {
      const { entries, live } = this.blocks[index]!;
      if (end !== undefined && entries[0]!.key >= end) break;
      const isWhole = entries[0]!.key >= span.from && (end === undefined || entries.at(-1)!.key < end);
      count += isWhole ? live : liveWithin(entries, span.from, end);
    }
    return count;
  }

  private search(key: Key): KeyEntry | undefined {
    const entries = this.blocks[this.blockOf(key)]?.entries;
    const entry = entries?.[lowerBound(entries, key)];
    return entry?.key === key ? entry : undefined;
  }

  /** `block`: the entry's; undefined where it counts right already, or the key lives on, or is still dead. */
  private noteChange(block: Block | undefined, entry: KeyEntry, wasAlive: boolean): void {
    if (entry.hasHistory) this.withHistory.add(entry);
    const births = Number(entry.isAlive) - Number(wasAlive);
    this.liveCount += births;
    if (block !== undefined) block.live += births;
  }

  private insert(entry: KeyEntry): void {
    const live = Number(entry.isAlive);
    if (this.blocks.length === 0) {
      this.blocks.push({ entries: [entry], live });
      return;
    }
    const blockIndex = Math.max(this.blockOf(entry.key), 0);
    const block = this.blocks[blockIndex]!;
    block.entries.splice(lowerBound(block.entries, entry.key), 0, entry);
    block.live += live;
    if (block.entries.length > BLOCK_ENTRIES_MAX)
      this.blocks.splice(blockIndex + 1, 0, splitOff(block, splitPoint(block.entries, entry)));
  }

  /** The last block that begins at or before a key; −1: all begin after it. */
  private blockOf(key: Key): number {
    let low = 0;
    let high = this.blocks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.blocks[middle]!.entries[0]!.key <= key) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Half, or, where keys come in order, nearly all: blocks then stay full. */
function splitPoint(block: readonly KeyEntry[], inserted: KeyEntry): number {
  return block.at(-1) === inserted ? block.length - 1 : block.length >>> 1;
}

/** Takes the upper part of a block away, as a block of its own. */
function splitOff(block: Block, from: number): Block {
  const entries = block.entries.splice(from);
  let live = 0;
  for (const { isAlive } of entries) if (isAlive) live++;
  block.live -= live;
  return { entries, live };
}

function liveWithin(entries: readonly KeyEntry[], from: Key, end: Key | undefined): number {
  let count = 0;
  for (let position = lowerBound(entries, from); position < entries.length; position++) {
    const entry = entries[position]!;
    if (end !== undefined && entry.key >= end) break;
    if (entry.isAlive) count++;
  }
  return count;
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
