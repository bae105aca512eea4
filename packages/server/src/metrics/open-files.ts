/** The files that this process has open, and how many it may: Linux's own account. */
import { readdirSync, readFileSync } from 'node:fs';

/** Undefined: this system does not tell. */
export function openFileCount(): number | undefined {
  try {
    // Looking takes one itself.
    return readdirSync('/proc/self/fd').length - 1;
  } catch {
    return undefined;
  }
}

/** Infinity: there is no limit; undefined: this system does not tell. */
export function openFileLimit(): number | undefined {
  try {
    const [, soft] = /^Max open files\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];
    if (soft === undefined) return undefined;
    return soft === 'unlimited' ? Number.POSITIVE_INFINITY : Number(soft);
  } catch {
    return undefined;
  }
}
