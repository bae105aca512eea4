/** Small files that tell what a directory holds: whole or not there at all, and durable when the call returns. */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** In place of what was there. @throws Error of the file system */
export function writeWhole(path: string, text: string): void {
  const aside = `${path}.new`;
  const descriptor = openSync(aside, 'w', 0o600);
  try {
    writeSync(descriptor, text);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(aside, path);
  syncNames(dirname(path));
}

/** Makes the names in a directory durable. @throws Error of the file system */
export function syncNames(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
