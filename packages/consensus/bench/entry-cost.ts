/**
 * What an entry costs in the cores alone: three of them in one process, everything delivered, durable and applied at
 * once. `node packages/consensus/bench/entry-cost.ts` prints a row for each batch size. Measures no disk and no network.
 */
import type { ConsensusCore } from '../src/core/core.ts';
import { simpleMembership } from '../src/core/membership.ts';
import { epoch, logIndex, type MemberId, memberId } from '../src/core/numbers.ts';
import { createPaxosCore } from '../src/paxos/paxos-core.ts';
import { createRaftCore } from '../src/raft/raft-core.ts';

const VALUE_BYTES = 256;
const BATCHES = [1, 10, 100];
const ENTRIES_A_RUN = 2_000;
/** The best of so many runs is printed: the others were disturbed. */
const RUNS = 60;
/** The log is trimmed every so many entries, as an owner would. */
const TRIM_ENTRIES = 1_000;

const IDS = [1, 2, 3].map((name) => memberId(String(name).padStart(16, '0')));

function threeCores(protocol: 'raft' | 'paxos'): Map<MemberId, ConsensusCore> {
  const snapshot = {
    index: logIndex(0),
    epoch: epoch(0),
    membership: simpleMembership({ voters: IDS, learners: [] }),
  };
  const protocolRecovered = { hardState: undefined, snapshot, entries: [] };
  const random = (): number => 0.5;
  return new Map(
    IDS.map((id, i) => {
      const options = { id, protocolRecovered, random, electionTimeoutTicks: 10 + 5 * i };
      return [
        id,
        protocol === 'raft' ? createRaftCore(options) : createPaxosCore({ ...options, incarnation: 1 }),
      ];
    }),
  );
}

/** Carries out everything that the cores ask for, until they ask for nothing. */
function settle(cores: Map<MemberId, ConsensusCore>, encoded: boolean): void {
  for (let busy = true; busy; ) {
    busy = false;
    for (const core of cores.values()) {
      for (const effect of core.drain()) {
        busy = true;
        if (effect.kind === 'write') core.step({ kind: 'durable', ticket: effect.ticket });
        if (effect.kind === 'apply') core.step({ kind: 'applied', index: effect.entries.at(-1)!.index });
        if (effect.kind !== 'send') continue;
        const receiver = cores.get(effect.to)!;
        const message = encoded ? receiver.codec.decode(core.codec.encode(effect.message)) : effect.message;
        receiver.step({ kind: 'message', from: core.id, message });
      }
    }
  }
}

function elect(cores: Map<MemberId, ConsensusCore>): ConsensusCore {
  for (;;) {
    for (const core of cores.values()) core.step({ kind: 'tick' });
    settle(cores, false);
    for (const core of cores.values()) if (core.status().role === 'leader') return core;
  }
}

/** Microseconds an entry, all three cores' work together. */
function measure(protocol: 'raft' | 'paxos', batch: number, encoded: boolean): number {
  const cores = threeCores(protocol);
  const leader = elect(cores);
  const value = new Uint8Array(VALUE_BYTES);
  const payloads = Array.from({ length: batch }, () => value);
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const started = performance.now();
    for (let proposed = 0; proposed < ENTRIES_A_RUN; proposed += batch) {
      leader.step({ kind: 'propose', payloads });
      settle(cores, encoded);
      if (proposed % TRIM_ENTRIES < batch)
        for (const core of cores.values()) core.step({ kind: 'trim', index: core.status().appliedIndex });
    }
    best = Math.min(best, ((performance.now() - started) * 1000) / ENTRIES_A_RUN);
  }
  return best;
}

process.stdout.write(
  '| proposals a batch | Paxos, µs an entry | through the codec | Raft, µs an entry | through the codec |\n',
);
process.stdout.write('|---|---|---|---|---|\n');
for (const batch of BATCHES) {
  const figures = (['paxos', 'raft'] as const).flatMap((protocol) =>
    [false, true].map((encoded) => measure(protocol, batch, encoded).toFixed(2)),
  );
  process.stdout.write(`| ${[batch, ...figures].join(' | ')} |\n`);
}
