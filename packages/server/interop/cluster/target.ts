/**
 * What the suite runs against: Synod on Raft, Synod on Multi-Paxos, or the real etcd 3.4, by `SYNOD_INTEROP_TARGET`; the last is how every
 * expectation in this folder was checked. Only facts that must differ between the two are here: the command, where the
 * journal lies, and the words of a refusal. Both take the same flags, so the flags are not here.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type TargetName = 'synod' | 'synod-paxos' | 'etcd';

export interface Target {
  readonly name: TargetName;
  /** The executable and its leading arguments; etcd's flags follow. */
  readonly command: string;
  readonly leadingArguments: readonly string[];
  /** Glob, relative to a data directory, of the files that hold the log of a member. */
  readonly journalGlob: string;
  /** With an election timeout of 1 s: from the kill of a leader to the first put begun after it that is acknowledged. */
  readonly writesResumeMsMax: number;
  /** From the start of the processes of a cluster with a million keys until all serve. */
  readonly restartServingMsMax: number;
  /** What the log of a member says, in its last lines, when … */
  readonly refusal: {
    /** … the journal is damaged in the middle. */
    readonly damagedJournal: RegExp;
    /** … the data directory cannot be written. */
    readonly unwritableDirectory: RegExp;
    /** … the disk is full. */
    readonly fullDisk: RegExp;
    /** … a peer of another cluster knocks (either side may say so). */
    readonly foreignPeer: RegExp;
  };
}

const mainFile = join(fileURLToPath(import.meta.url), '../../../src/main.ts');

const SYNOD: Target = {
  name: 'synod',
  command: process.execPath,
  leadingArguments: [mainFile, 'start'],
  journalGlob: '**/journal/*.log',
  writesResumeMsMax: 2_000,
  restartServingMsMax: 10_000,
  refusal: {
    damagedJournal: /damage|checksum|corrupt/i,
    unwritableDirectory: /permission denied|EACCES|EROFS|read-only|not writable|cannot be written/i,
    fullDisk: /no space left|ENOSPC|disk is full/i,
    foreignPeer: /cluster.?id|another cluster|different cluster/i,
  },
};

const TARGETS: Readonly<Record<TargetName, Target>> = {
  synod: SYNOD,
  'synod-paxos': {
    ...SYNOD,
    name: 'synod-paxos',
    leadingArguments: [...SYNOD.leadingArguments, '--consensus=paxos'],
  },
  etcd: {
    name: 'etcd',
    command: 'etcd',
    leadingArguments: [],
    journalGlob: 'member/wal/*.wal',
    // Measured: 1.0 to 2.3 s.
    writesResumeMsMax: 4_000,
    // Measured: 4.6 to 10.9 s.
    restartServingMsMax: 30_000,
    refusal: {
      damagedJournal: /crc mismatch|crc|unexpected EOF|walpb|proto/i,
      unwritableDirectory: /permission denied|read-only/i,
      fullDisk: /no space left/i,
      foreignPeer: /cluster ID mismatch/i,
    },
  },
};

export function targetNamed(name: string): Target {
  if (Object.hasOwn(TARGETS, name)) return TARGETS[name as TargetName];
  throw new Error(
    `SYNOD_INTEROP_TARGET is ${JSON.stringify(name)}: it must be ${Object.keys(TARGETS).join(', ')}`,
  );
}

/** The target of this run. */
export const target: Target = targetNamed(process.env['SYNOD_INTEROP_TARGET'] ?? 'synod');
