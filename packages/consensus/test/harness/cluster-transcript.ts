/**
 * The commands of transcripts about a cluster, the same for both protocols; a protocol adds the few that only it has.
 * raft/transcripts/election.txt explains the output. Checks nothing itself.
 */
import assert from 'node:assert/strict';
import type { ConsensusCore } from '../../src/core/core.ts';
import type { Effect } from '../../src/core/effects.ts';
import type { QuorumSizes } from '../../src/core/membership.ts';
import { logIndex, type MemberId } from '../../src/core/numbers.ts';
import type { ClusterOptions, CoreCluster, Parcel } from './core-cluster.ts';
import { idOf, nameOf } from './member-names.ts';
import { describeEffect, describeParcel, type Speech } from './speech.ts';
import type { Interpreter } from './transcript-file.ts';
import { memberIn, numberIn, numbers, option, picks, thereAre } from './transcript-words.ts';

export interface Run<Core extends ConsensusCore> {
  cluster: CoreCluster<Core>;
  /** What the command printed so far. */
  out: string[];
  /** Effects are not printed meanwhile. */
  silent: boolean;
  /** Whether messages of this kind are printed; a protocol hides those that are many, and seldom the point. */
  readonly hidden: Set<string>;
}

export type Word<Core extends ConsensusCore> = (run: Run<Core>, words: readonly string[]) => void;

/** What a protocol brings. */
export interface TranscriptProtocol<Core extends ConsensusCore> {
  readonly newCluster: (
    options: ClusterOptions & { readonly limits: Readonly<Record<string, number>> },
    words: readonly string[],
  ) => CoreCluster<Core>;
  readonly speech: Speech;
  /** Commands beside those of every cluster. */
  readonly words: Readonly<Record<string, Word<Core>>>;
  readonly hidden?: readonly string[];
}

/** Does something to every parcel that is picked and in the network now; what it leads to waits. */
export function forEachParcel<Core extends ConsensusCore>(
  { cluster }: Run<Core>,
  picked: (parcel: Parcel) => boolean,
  act: (at: number) => void,
): void {
  for (const parcel of cluster.network.filter(picked)) act(cluster.network.indexOf(parcel));
}

/** As the words say; they must pick something. */
function forPicked(run: Run<ConsensusCore>, words: readonly string[], act: (at: number) => void): void {
  assert.ok(run.cluster.network.some(picks(words)), 'something is picked');
  forEachParcel(run, picks(words), act);
}

function quorumIn(words: readonly string[]): { readonly quorum?: QuorumSizes } {
  const [phase1, phase2] = numbers(words, 'quorum');
  return phase1 === undefined || phase2 === undefined ? {} : { quorum: { phase1, phase2 } };
}

/** The vocabulary of every cluster. */
const WORDS: Readonly<Record<string, Word<ConsensusCore>>> = {
  tick: ({ cluster }, [who, times]) => {
    for (let i = 0; i < numberIn(times, 1); i++) cluster.step(memberIn(who), { kind: 'tick' });
  },
  propose: ({ cluster }, [who, ...texts]) => {
    const payloads = texts.map((text) => new TextEncoder().encode(text));
    cluster.step(memberIn(who), { kind: 'propose', payloads });
  },
  durable: ({ cluster }, [who, writes]) =>
    cluster.durable(memberIn(who), writes === undefined ? undefined : numberIn(writes)),
  deliver: (run, words) => forPicked(run, words, (at) => run.cluster.deliver(at)),
  repeat: (run, words) => forPicked(run, words, (at) => run.cluster.deliver(at, true)),
  drop: (run, words) => forPicked(run, words, (at) => run.cluster.drop(at)),
  settle: (run, words) => {
    const { cluster } = run;
    const isThere = thereAre(words);
    const reachable = (from: MemberId, to: MemberId): boolean => isThere(from) && isThere(to);
    if (!words.includes('aloud')) run.silent = true;
    cluster.network = cluster.network.filter(({ from, to }) => reachable(from, to));
    cluster.settle(reachable);
    cluster.network = [];
    run.silent = false;
  },
  read: ({ cluster }, [who]) => {
    cluster.read(memberIn(who));
  },
  transfer: ({ cluster }, [who, to]) =>
    cluster.step(memberIn(who), { kind: 'transferLeadership', to: memberIn(to) }),
  change: ({ cluster }, [who, ...words]) =>
    cluster.step(memberIn(who), {
      kind: 'changeMembership',
      change: {
        voters: numbers(words, 'voters').map(idOf),
        learners: numbers(words, 'learners').map(idOf),
        ...quorumIn(words),
      },
    }),
  crash: ({ cluster }, [who]) => cluster.crash(memberIn(who)),
  restart: ({ cluster }, [who]) => cluster.restart(memberIn(who)),
  trim: ({ cluster }, [who, index]) => cluster.trim(memberIn(who), logIndex(numberIn(index))),
  stall: ({ cluster }, [who]) => cluster.step(memberIn(who), { kind: 'stalled' }),
  unreachable: ({ cluster }, [who, peer]) =>
    cluster.step(memberIn(who), { kind: 'unreachable', peer: memberIn(peer) }),
};

/** Commands that print something, in the protocol's words. */
function questions(speech: Speech): Readonly<Record<string, Word<ConsensusCore>>> {
  return {
    state: ({ cluster, out }) => {
      for (const { id, core, alive } of cluster.members.values()) {
        const { role, epoch, leader, commitIndex, lastIndex } = core.status();
        const following = leader === undefined ? 'no leader' : `leader ${nameOf(leader)}`;
        const leadership = `${role}, ${speech.epochTitle} ${speech.epoch(epoch)}, ${following}`;
        const text = `${leadership}, ${speech.decided(commitIndex)}, last ${lastIndex}`;
        out.push(`${nameOf(id)}: ${alive ? text : 'down'}`);
      }
    },
    progress: ({ cluster, out }, [who]) => {
      for (const progress of cluster.member(memberIn(who)).core.status().progress) {
        const { id, nextIndex, inflightMessages, inflightBytes } = progress;
        const held = `${nameOf(id)}: ${speech.holds(progress)}`;
        out.push(`${held}, next ${nextIndex}, in flight ${inflightMessages} (${inflightBytes} bytes)`);
      }
    },
    network: ({ cluster, out, hidden }) => {
      for (const parcel of cluster.network)
        if (parcel.kind === 'snapshot' || !hidden.has(parcel.message.kind))
          out.push(describeParcel(speech, parcel));
    },
  };
}

function isHidden(effect: Effect, { silent, hidden }: Run<ConsensusCore>): boolean {
  return silent || (effect.kind === 'send' && hidden.has(effect.message.kind));
}

/** A new run of transcripts about clusters of this protocol. */
export function clusterInterpreter<Core extends ConsensusCore>(
  protocol: TranscriptProtocol<Core>,
): Interpreter {
  const { speech } = protocol;
  let run: Run<Core> | undefined;
  const newRun = (words: readonly string[]): Run<Core> => {
    const begun: Run<Core> = {
      cluster: protocol.newCluster(
        {
          voters: Array.from({ length: numberIn(words[0]) }, (_, i) => i + 1),
          learners: numbers(words, 'learners'),
          spares: numbers(words, 'spares'),
          ...quorumIn(words),
          random: () => 0.5,
          electionTimeoutTicks: 5,
          limits: Object.fromEntries(
            (option(words, 'limits') ?? []).map((pair) => [pair.split(':')[0], Number(pair.split(':')[1])]),
          ),
          onEffect: (id, effect) => {
            if (!isHidden(effect, begun)) begun.out.push(describeEffect(speech, id, effect));
          },
        },
        words,
      ),
      out: [],
      silent: false,
      hidden: new Set(protocol.hidden),
    };
    return begun;
  };
  const vocabulary: Readonly<Record<string, Word<Core>>> = {
    ...WORDS,
    ...questions(speech),
    ...protocol.words,
  };
  return ([word = '', ...words]) => {
    if (word === 'cluster') {
      run = newRun(words);
      return [];
    }
    const act = vocabulary[word];
    assert.ok(act !== undefined, `"${word}" is one of cluster, ${Object.keys(vocabulary).join(', ')}`);
    assert.ok(run !== undefined, 'a transcript begins with its cluster');
    run.out = [];
    act(run, words);
    // Applying is the owner's business and takes no time here.
    for (const id of run.cluster.members.keys()) run.cluster.applied(id);
    return run.out;
  };
}
