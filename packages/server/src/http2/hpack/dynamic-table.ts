/** The dynamic table of one direction of a connection (RFC 7541 section 2.3.2): newest first, oldest out. */
import type { HeaderField } from './header-field.ts';
import { STATIC_ENTRIES } from './static-table.ts';

/** Entries that have left are cut off the array when so many have gathered. */
const GONE_ENTRIES_MAX = 256;

export class DynamicTable {
  /** Oldest first, behind `gone` places that are no longer part of the table. */
  private entries: HeaderField[] = [];
  private gone = 0;
  private bytes = 0;
  private bytesMax: number;
  /** Entries that were ever added: with it an entry has a name that does not change when others come. */
  added = 0;
  /** Rises with every change: whatever was worked out from the table holds while this stays. */
  generation = 0;

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  get length(): number {
    return this.entries.length - this.gone;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  get sizeBytesMax(): number {
    return this.bytesMax;
  }

  /** By the index of the wire, where the newest follows the static table; undefined: no such entry. */
  at(index: number): HeaderField | undefined {
    const age = index - STATIC_ENTRIES - 1;
    return age < this.length ? this.entries[this.entries.length - 1 - age] : undefined;
  }

  /** The index of the wire of the entry that was the `number`th ever added, from 1; 0: it has left. */
  indexOfAdded(number: number): number {
    const age = this.added - number;
    return age < this.length ? STATIC_ENTRIES + 1 + age : 0;
  }

  /** A field larger than the table empties it, and that is no error (section 4.4). */
  add(field: HeaderField): void {
    this.generation++;
    this.evict(this.bytesMax - field.bytes);
    this.added++;
    if (field.bytes > this.bytesMax) return;
    this.entries.push(field);
    this.bytes += field.bytes;
  }

  resize(bytesMax: number): void {
    this.generation++;
    this.bytesMax = bytesMax;
    this.evict(bytesMax);
  }

  private evict(bytesLeft: number): void {
    while (this.bytes > bytesLeft && this.length > 0) this.bytes -= this.entries[this.gone++]!.bytes;
    if (this.gone < GONE_ENTRIES_MAX && this.length > 0) return;
    this.entries = this.entries.slice(this.gone);
    this.gone = 0;
  }
}
