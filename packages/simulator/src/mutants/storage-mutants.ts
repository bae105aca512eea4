/** Bugs planted in the disk's contract, the journal's recovery and the state machine's snapshots. */
import { type BackendView, type CoordinationMachine, TABLE } from '@synod/coordination';
import type { SimulatedFile } from '../world/simulated-file.ts';
import type { Mutant } from './mutant.ts';

/** What is private of a machine, for those who break it. */
interface MachineInside {
  readonly origins: { admit: () => boolean };
  readonly backend: { view: () => BackendView };
  readonly leaseModule: { hear: () => boolean; keysOf: (id: never) => never[] };
  readonly keyspace: { readonly store: { readonly revision: number } };
  readonly commit: CoordinationMachine['persist'];
}

export const insideMachine = (machine: CoordinationMachine): MachineInside =>
  machine as unknown as MachineInside;

interface DiskInside {
  readonly files: Map<string, SimulatedFile>;
  readonly frames: readonly { readonly path: string; readonly offset: number }[];
}

export const STORAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'sync-does-nothing',
    of: 'pitfall 25',
    what: 'a sync says it is done and makes nothing durable',
    disk: (disk) => {
      disk.sync = (path, done) => disk.write(path, 0, [], done);
    },
  },
  {
    name: 'failed-sync-tried-again',
    of: 'pitfall 26',
    what: 'a sync that failed is taken for done at the second try',
    disk: (disk) => {
      const sync = disk.sync.bind(disk);
      disk.sync = (path, done) => sync(path, () => done(undefined));
    },
  },
  {
    name: 'damage-taken-for-torn-tail',
    of: 'pitfall 29',
    what: 'what follows a damaged frame is cut off like a torn tail',
    disk: (disk) => {
      const { files } = disk as unknown as DiskInside;
      disk.rotFrame = () => {
        const { frames } = disk as unknown as DiskInside;
        const first = frames.at(Math.floor(-frames.length / 2));
        const file = first && files.get(first.path);
        if (first === undefined || file === undefined || first.offset === 0) return false;
        file.damage(first.offset, new Uint8Array(file.length));
        for (const path of files.keys())
          if (path.startsWith('journal/') && path > first.path) files.delete(path);
        return true;
      };
      disk.misdirectInto = disk.rotFrame;
    },
  },
  {
    name: 'wiped-member-keeps-name',
    of: 'pitfall 30',
    what: 'a member whose disk was wiped comes back and votes under its old name',
    wipedKeepsName: true,
  },
  {
    name: 'retry-applied-twice',
    of: 'pitfall 35',
    what: 'a proposal that was tried again takes effect again',
    machine: (machine) => {
      insideMachine(machine).origins.admit = () => true;
    },
  },
  {
    name: 'snapshot-without-membership',
    of: 'pitfall 28',
    what: 'a snapshot carries the founding membership, not the one in force',
    core: (core) => {
      const founding = core.status().membership;
      const snapshotMeta = core.snapshotMeta.bind(core);
      core.snapshotMeta = (index) => ({ ...snapshotMeta(index), membership: founding });
    },
  },
  {
    name: 'snapshot-without-leases',
    of: 'pitfall 28',
    what: 'a snapshot leaves the leases out',
    machine: (machine) => {
      const { backend } = insideMachine(machine);
      const view = backend.view.bind(backend);
      backend.view = () => {
        const whole = view();
        return {
          ...whole,
          scan: (table, options) => (table === TABLE.leases ? [] : whole.scan(table, options)),
        };
      };
    },
  },
  {
    name: 'lease-leaves-a-key',
    of: 'C20',
    what: 'one key of a lease that ends stays',
    machine: (machine) => {
      const { leaseModule } = insideMachine(machine);
      const keysOf = leaseModule.keysOf.bind(leaseModule);
      leaseModule.keysOf = (id) => keysOf(id).slice(1);
    },
  },
  {
    name: 'half-entry-seen',
    of: 'S3',
    what: 'a read of the present sees what an entry has done so far that is still being applied',
    machine: (machine) => {
      const { store } = insideMachine(machine).keyspace;
      Object.defineProperty(store, 'indexRevision', { get: () => store.revision, set: () => {} });
    },
  },
  {
    name: 'half-entry-committed',
    of: 'S5',
    what: 'a commit that comes amid an entry has the part of it that is applied',
    machine: (machine) => {
      machine.persist = (done) => insideMachine(machine).commit(done);
    },
  },
  {
    name: 'old-clock-still-heard',
    of: 'C19',
    what: 'the expiries of an earlier leader’s clock still count',
    machine: (machine) => {
      insideMachine(machine).leaseModule.hear = () => true;
    },
  },
  {
    name: 'sweep-takes-too-much',
    of: 'S4',
    what: 'compaction takes the newest change of a key that is still to be seen',
    machine: (machine) => {
      const { backend } = machine as unknown as {
        backend: { remove: (table: number, key: Uint8Array) => void };
      };
      const sweep = machine.sweep.bind(machine);
      machine.sweep = (rowsMax) => {
        const more = sweep(rowsMax);
        const first = machine.history.compactRevision;
        if (first > 0) backend.remove(TABLE.revisions, revisionKey(first));
        return more;
      };
    },
  },
];

/** The row of a revision's first change: its number in eight bytes, then its place in four (both big-endian). */
function revisionKey(revision: number): Uint8Array {
  const bytes = new Uint8Array(12);
  new DataView(bytes.buffer).setUint32(4, revision);
  return bytes;
}
