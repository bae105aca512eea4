/** What a role may do with a span of keys. */
import type { KeySpan } from '../machine/values.ts';

export type Access = 'read' | 'write';

export interface Permission {
  readonly access: Access | 'readWrite';
  /** As it was granted: it is shown, and taken back, by these very ends. */
  readonly span: KeySpan;
}

/** The role that may do everything, whatever its own permissions say, and the user who cannot be taken out of it. */
export const ROOT = 'root';
