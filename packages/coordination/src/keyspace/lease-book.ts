/** What the keyspace needs of leases: whether one exists, and which keys hang on it. */
import type { Key, LeaseId } from '../machine/values.ts';

export interface LeaseBook {
  has(id: LeaseId): boolean;
  attach(id: LeaseId, key: Key): void;
  detach(id: LeaseId, key: Key): void;
}
