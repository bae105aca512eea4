/** Runs a transcript of the single-decree Synod: commands after `>`, what came of each below. Checks nothing itself. */
import assert from 'node:assert/strict';
import {
  type SynodAccept,
  type SynodAccepted,
  SynodAcceptor,
  type SynodBallot,
  SynodLearner,
  type SynodPrepare,
  type SynodPromise,
  SynodProposer,
} from '../../src/paxos/synod.ts';
import type { Interpreter } from '../harness/transcript-file.ts';

type Message = SynodPrepare | SynodPromise | SynodAccept | SynodAccepted;

interface Parcel {
  readonly from: string;
  readonly to: string;
  readonly message: Message;
}

const ballotName = ({ round, proposer }: SynodBallot): string => `${round}.${proposer}`;

function describe(message: Message): string {
  const head = `${message.kind} ${ballotName(message.ballot)}`;
  if (message.kind === 'prepare') return head;
  if (message.kind !== 'promise') return `${head} ${message.value}`;
  const { accepted } = message;
  return accepted === undefined
    ? `${head}, nothing accepted`
    : `${head}, accepted ${accepted.value} at ${ballotName(accepted.ballot)}`;
}

class Run {
  private out: string[] = [];
  private acceptors: SynodAcceptor[] = [];
  private readonly proposers = new Map<number, SynodProposer>();
  private learner = new SynodLearner(1);
  private network: Parcel[] = [];

  /** What came of a command. */
  command(words: readonly string[]): readonly string[] {
    this.out = [];
    this.act(words);
    return this.out;
  }

  private act(words: readonly string[]): void {
    const [word, first = '', second] = words;
    switch (word) {
      case 'acceptors':
        this.acceptors = Array.from({ length: Number(first) }, () => new SynodAcceptor());
        this.learner = new SynodLearner(this.acceptors.length);
        return;
      case 'proposer': {
        const proposer = Number(first);
        const acceptorCount = this.acceptors.length;
        this.proposers.set(proposer, new SynodProposer({ proposer, acceptorCount, wish: second ?? '' }));
        return;
      }
      case 'prepare':
        this.toAcceptors(`p${first}`, this.proposers.get(Number(first))!.prepare());
        return;
      case 'deliver': {
        const at = this.network.findIndex(
          ({ from, to, message }) => `${from}->${to}` === first && (second ?? message.kind) === message.kind,
        );
        assert.ok(at >= 0, `something is on its way ${words.join(' ')}`);
        const [parcel] = this.network.splice(at, 1);
        this.deliver(parcel!);
        return;
      }
      default:
        assert.fail(`"${word}" is one of acceptors, proposer, prepare, deliver`);
    }
  }

  private toAcceptors(from: string, message: Message): void {
    for (const [i] of this.acceptors.entries()) this.network.push({ from, to: `a${i + 1}`, message });
    this.out.push(`${from} asks all: ${describe(message)}`);
  }

  private deliver({ from, to, message }: Parcel): void {
    const number = Number(to.slice(1));
    if (message.kind === 'promise') {
      const accept = this.proposers.get(number)!.receivePromise(Number(from.slice(1)), message);
      if (accept !== undefined) this.toAcceptors(to, accept);
    } else if (message.kind === 'accepted') {
      this.learner.receiveAccepted(Number(from.slice(1)), message);
      this.out.push(
        this.learner.chosen === undefined ? 'nothing is chosen yet' : `${this.learner.chosen} is chosen`,
      );
    } else {
      const acceptor = this.acceptors[number - 1]!;
      const answer =
        message.kind === 'prepare' ? acceptor.receivePrepare(message) : acceptor.receiveAccept(message);
      this.out.push(answer === undefined ? `${to} is silent` : `${to}: ${describe(answer)}`);
      if (answer === undefined) return;
      this.network.push({ from: to, to: answer.kind === 'promise' ? from : 'learner', message: answer });
    }
  }
}

export function synodInterpreter(): Interpreter {
  const run = new Run();
  return (words) => run.command(words);
}
