/** What a disk's synchronous calls throw; whoever opens a journal turns it into a value. */
import type { DiskError } from '../replica/ports.ts';

export class DiskFailure extends Error {
  override readonly name = 'DiskFailure';
  readonly diskError: DiskError;

  constructor(diskError: DiskError) {
    super(`${diskError.path}: ${diskError.detail}`);
    this.diskError = diskError;
  }
}
