/** Bugs planted around the replica: reads, leases and watches as a member serves them. */
import type {
  CoordinationMember,
  LeaseClock,
  LeaseFacts,
  LeaseId,
  Revision,
  WatchSink,
  WatchStream,
} from '@synod/coordination';
import type { Mutant } from './mutant.ts';

interface MemberInside {
  readonly leaseKeeper: {
    readonly parts: { nowMs: () => number };
    readonly clock: LeaseClock;
    announce: (epoch: number) => void;
    whenConfirmed: (answer: (payload: undefined) => void, job: () => void) => void;
  };
  readonly leaderCalls: { askAgain: () => void };
  readonly pump: { wake: () => void };
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
    name: 'keep-alive-answered-by-anyone',
    of: 'C19',
    what: 'whichever member is asked acknowledges a keep-alive, and the leader does not hear of it',
    life: ({ machine, service }) => {
      service.keepAlive = (id, completion) => {
        const { ttlSeconds } = machine.lease(id) ?? { ttlSeconds: 0 };
        if (ttlSeconds === 0) completion.complete({ kind: 'serviceFailure', code: 'timeout' });
        else completion.complete({ kind: 'leaseRenewed', id, ttlSeconds });
      };
    },
  },
  {
    name: 'renewal-not-logged',
    of: 'C19',
    what: 'a keep-alive is acknowledged while the log says that less is left of the lease',
    life: (life) => {
      const { clock } = inside(life).leaseKeeper;
      const { leases } = clock as unknown as { leases: Map<LeaseId, { logged: string }> };
      const renew = clock.renew.bind(clock);
      clock.renew = (id, nowMs) => {
        const lease = leases.get(id);
        if (lease !== undefined) lease.logged = 'full';
        return renew(id, nowMs);
      };
    },
  },
  {
    name: 'keep-alive-not-confirmed',
    of: 'C19',
    what: 'a keep-alive is acknowledged by a leader that did not ask whether it still leads',
    life: (life) => {
      const { leaseKeeper } = inside(life);
      leaseKeeper.whenConfirmed = (answer, job) => (leaseKeeper.clock.isRunning ? job() : answer(undefined));
    },
  },
  {
    name: 'lease-clock-not-announced',
    of: 'C19',
    what: 'a new leader starts its lease clock before the log has its announcement',
    life: (life) => {
      const { leaseKeeper } = inside(life);
      leaseKeeper.announce = (epoch) =>
        leaseKeeper.clock.promote(epoch, leaseKeeper.parts.nowMs(), life.machine.leases());
    },
  },
  {
    name: 'question-not-asked-again',
    of: 'R21',
    what: 'a question to a leader that was lost on its way, or came to nobody, is never ended',
    life: (life) => {
      inside(life).leaderCalls.askAgain = () => {};
    },
  },
  {
    name: 'slow-watchers-forgotten',
    of: 'C17',
    what: 'nobody lets watchers who are behind catch up',
    life: (life) => {
      inside(life).pump.wake = () => {};
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
