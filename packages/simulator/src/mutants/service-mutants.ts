/** Bugs planted around the replica: reads, leases and watches as a member serves them. */
import type {
  CoordinationMember,
  LeaseClock,
  LeaseFacts,
  Revision,
  WatchSink,
  WatchStream,
} from '@synod/coordination';
import type { Mutant } from './mutant.ts';

interface MemberInside {
  readonly leaseKeeper: {
    readonly parts: { nowMs: () => number };
    readonly clock: LeaseClock;
  };
}

const inside = (member: CoordinationMember): MemberInside => member as unknown as MemberInside;

/** Streams of this life's hub are opened otherwise. */
function withStreams(change: (stream: WatchStream, sink: WatchSink, life: CoordinationMember) => void) {
  return (life: CoordinationMember): void => {
    const open = life.hub.openStream.bind(life.hub);
    life.hub.openStream = (sink) => {
      const stream = open(sink);
      change(stream, sink, life);
      return stream;
    };
  };
}

export const SERVICE_MUTANTS: readonly Mutant[] = [
  {
    name: 'stale-read-as-linearizable',
    of: 'R12',
    what: 'a linearizable read is answered from whatever the member has',
    life: (life) => {
      const { service } = life;
      const range = service.range.bind(service);
      service.range = (query, _linearizable, completion) => range(query, false, completion);
    },
  },
  {
    name: 'lease-clock-runs-fast',
    of: 'C19',
    what: 'leases end by a clock that runs a third too fast',
    life: (life) => {
      const { parts } = inside(life).leaseKeeper;
      const { nowMs } = parts;
      parts.nowMs = () => nowMs() * 1.33;
    },
  },
  {
    name: 'new-leader-shortens-leases',
    of: 'C19',
    what: 'a new leader takes every lease for half over',
    life: (life) => {
      const { clock } = inside(life).leaseKeeper;
      const promote = clock.promote.bind(clock);
      const halved = (facts: LeaseFacts): LeaseFacts => ({
        ...facts,
        remainingSeconds: Math.ceil(facts.ttlSeconds / 4),
      });
      clock.promote = (epoch, nowMs, leases) => promote(epoch, nowMs - 1_000, [...leases].map(halved));
    },
  },
  {
    name: 'watch-forgets-restore',
    of: 'C9',
    what: 'watchers are not told of what a snapshot brought',
    life: (life) => {
      const { hub } = life;
      hub.restored = () => {
        (hub as unknown as { revision: Revision }).revision = life.machine.revision;
      };
    },
  },
  {
    name: 'watch-skips-after-pause',
    of: 'C9',
    what: 'a slow watcher loses a revision when it goes on',
    life: withStreams((stream) => {
      const resume = stream.resume.bind(stream);
      stream.resume = () => {
        for (const watcher of stream.behind) watcher.nextRevision = (watcher.nextRevision + 1) as Revision;
        resume();
      };
    }),
  },
  {
    name: 'watch-told-twice',
    of: 'C8',
    what: 'a slow watcher is told of a revision again when it goes on',
    life: withStreams((stream) => {
      const resume = stream.resume.bind(stream);
      stream.resume = () => {
        for (const watcher of stream.behind)
          watcher.nextRevision = Math.max(1, watcher.nextRevision - 1) as Revision;
        resume();
      };
    }),
  },
  {
    name: 'watch-filter-ignored',
    of: 'C13',
    what: 'a watcher is told of deletions that it did not want',
    life: withStreams((stream) => {
      const create = stream.create.bind(stream);
      stream.create = (spec) => create({ ...spec, deletes: true });
    }),
  },
  {
    name: 'progress-too-early',
    of: 'C12',
    what: 'progress is told while changes wait for a slow watcher',
    life: withStreams((stream, sink, life) => {
      stream.requestProgressOfAll = () => {
        if (stream.watchers.size > 0) sink.progress(undefined, life.machine.revision);
      };
    }),
  },
  {
    name: 'previous-is-the-new-record',
    of: 'C14',
    what: 'the record before a change is the one after it',
    life: (life) => {
      const { history } = life.machine;
      const recordBefore = history.recordBefore.bind(history);
      history.recordBefore = (key, revision) => recordBefore(key, (revision + 1) as Revision);
    },
  },
  {
    name: 'watch-starts-late',
    of: 'C16',
    what: 'a watch of the past misses its first revision',
    life: withStreams((stream) => {
      const create = stream.create.bind(stream);
      stream.create = (spec) =>
        create(spec.startRevision > 0 ? { ...spec, startRevision: spec.startRevision + 1 } : spec);
    }),
  },
];
