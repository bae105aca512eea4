/**
 * The image in a backup, for the two who read it apart from a member: who wants to know what is in it, and who founds a new
 * cluster with it. Keys, leases, users and roles go over; what was about the old cluster's members does not.
 */
import { type BackendReplacement, TABLE, type Table } from '../backend/backend.ts';
import { COUNTERS_ROW_KEY, decodeCounters, encodeCounters } from '../leases/lease-row.ts';
import { ImageReader } from './image.ts';
import { decodeMeta, encodeMeta } from './meta-row.ts';

export interface BackupFacts {
  /** The last entry that the state holds. */
  readonly appliedIndex: number;
  readonly revision: number;
  /** Rows of all tables. */
  readonly rows: number;
}

export interface RevisionChange {
  /** Added to the revision, so that it does not go back for clients that have seen more than the backup holds. */
  readonly bump: number;
  /** Everything up to the new revision counts as compacted: who watches is told that it missed something. */
  readonly marksCompacted: boolean;
}

/** Names and addresses, who proposed what, and alarms: of members that the new cluster does not have. */
const LEFT_BEHIND: ReadonlySet<Table> = new Set([TABLE.members, TABLE.origins, TABLE.alarms]);

const UNCHANGED: RevisionChange = { bump: 0, marksCompacted: false };

/** Takes an image in pieces cut anywhere; with a target, puts what a new cluster is to begin with into it. */
export class BackupImage {
  private readonly reader: ImageReader;
  private readonly target: Pick<BackendReplacement, 'put'> | undefined;
  private readonly change: RevisionChange;
  private rows = 0;
  private appliedIndex = 0;
  private revision = 0;

  constructor(target?: Pick<BackendReplacement, 'put'>, change: RevisionChange = UNCHANGED) {
    this.target = target;
    this.change = change;
    this.reader = new ImageReader({ put: (table, key, value) => this.take(table, key, value) });
  }

  /** @throws MalformedBytes */
  write(piece: Uint8Array): void {
    this.reader.write(piece);
  }

  /** @throws MalformedBytes when the image is not whole. */
  end(): BackupFacts {
    this.reader.end();
    const { appliedIndex, revision, rows } = this;
    return { appliedIndex, revision, rows };
  }

  private take(table: Table, key: Uint8Array, value: Uint8Array): void {
    this.rows++;
    const isMeta = table === TABLE.meta;
    const kept = isMeta ? this.changedMeta(value) : carriedOver(table, key, value);
    if (!LEFT_BEHIND.has(table)) this.target?.put(table, key, kept);
  }

  private changedMeta(value: Uint8Array): Uint8Array {
    const meta = decodeMeta(value);
    this.appliedIndex = meta.appliedIndex;
    this.revision = meta.revision + this.change.bump;
    const compactedTo = this.change.marksCompacted ? this.revision : meta.compactedTo;
    return encodeMeta({ appliedIndex: meta.appliedIndex, revision: this.revision, compactedTo });
  }
}

/** The new cluster's leaders have epochs of their own, from the first: none of them is older than the leases' last clock. */
function carriedOver(table: Table, key: Uint8Array, value: Uint8Array): Uint8Array {
  if (table !== TABLE.leases || key.length !== 1 || key[0] !== COUNTERS_ROW_KEY[0]) return value;
  return encodeCounters({ ...decodeCounters(value), clockEpoch: 0, clockWord: 0 });
}
