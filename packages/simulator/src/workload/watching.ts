/** Clients' watches: streams that are opened anywhere, paused, resumed, asked for progress, cancelled and resumed elsewhere. */
import type { CoordinationMember, WatchSpec } from '@synod/coordination';
import type { WatchStream } from '@synod/coordination/service/service-api.ts';
import { CheckedWatch } from '../checkers/watches.ts';
import type { ReferenceKeyspace } from '../model/reference-keyspace.ts';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from '../world/event-queue.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import type { CommandMaker } from './commands.ts';

interface OpenStream {
  readonly life: CoordinationMember;
  readonly member: SimulatedMember;
  readonly stream: WatchStream;
  readonly watches: Map<number, CheckedWatch>;
}

export interface WatchingParts {
  readonly number: number;
  readonly queue: EventQueue;
  readonly random: SeededRandom;
  readonly keyspace: ReferenceKeyspace;
}

const STREAMS_MAX = 3;
const PAUSE_MAX_MS = 3_000;

export class Watching {
  /** Events that watches of this client were told of. */
  told = 0;
  private readonly parts: WatchingParts;
  private readonly maker: CommandMaker;
  private streams: OpenStream[] = [];
  /** Where a watch that was lost with its member stood: the next one goes on there (C11). */
  private resumeAt = 0;

  constructor(parts: WatchingParts, maker: CommandMaker) {
    this.parts = parts;
    this.maker = maker;
  }

  /** Does one of the things that watching clients do, at this member or at a stream that is open. */
  act(member: SimulatedMember): void {
    const { random } = this.parts;
    this.forgetLost();
    const open = this.streams.length > 0 ? random.pick(this.streams) : undefined;
    if (open === undefined || (this.streams.length < STREAMS_MAX && random.chance(0.4))) {
      this.open(member);
      return;
    }
    const choice = random.next();
    if (choice < 0.3) this.create(open);
    else if (choice < 0.5) this.pause(open);
    else if (choice < 0.75) open.stream.requestProgressOfAll();
    else if (choice < 0.9) this.cancelOne(open);
    else this.close(open);
  }

  /**
   * After everything healed: what some watch still has to be told; undefined: nothing. Members that the cluster left
   * behind, because they were removed, have no more to tell.
   */
  missing(revision: number): string | undefined {
    this.forgetLost();
    for (const { watches, stream, life } of this.streams) {
      if (life.machine.revision < revision) continue;
      stream.resume();
      for (const watch of watches.values()) {
        const missed = watch.missing(revision);
        if (missed !== undefined) return missed;
      }
    }
    return undefined;
  }

  private open(member: SimulatedMember): void {
    const life = member.life!;
    const watches = new Map<number, CheckedWatch>();
    const stream = life.service.openWatchStream({
      events: (id, _revision, events) => {
        watches.get(id)!.events(events);
        this.told += events.length;
      },
      compacted: (id, compactRevision) => {
        watches.get(id)!.compacted(compactRevision);
        watches.delete(id);
      },
      progress: (id, revision) => {
        for (const [watchId, watch] of watches)
          if (id === undefined || id === watchId) watch.progress(revision);
      },
    });
    const open: OpenStream = { life, member, stream, watches };
    this.streams.push(open);
    this.create(open);
  }

  private create({ life, member, stream, watches }: OpenStream): void {
    const { random, number, keyspace } = this.parts;
    const { revision } = life.machine;
    const spec: WatchSpec = {
      id: undefined,
      span: this.maker.span(),
      startRevision: this.startRevision(revision),
      puts: random.chance(0.85),
      deletes: random.chance(0.85),
      previous: random.chance(0.3),
    };
    const creation = stream.create(spec);
    if (creation.kind === 'created') {
      const name = `watch ${number}/${creation.id} at m${member.place}`;
      watches.set(creation.id, new CheckedWatch(name, spec, revision, keyspace));
    }
  }

  private startRevision(revision: number): number {
    const { random } = this.parts;
    if (this.resumeAt > 0) {
      const at = this.resumeAt;
      this.resumeAt = 0;
      return at;
    }
    if (random.chance(0.5)) return 0;
    return Math.max(1, revision - 20 + random.below(30));
  }

  private pause(open: OpenStream): void {
    const { queue, random } = this.parts;
    open.stream.pause();
    queue.after(random.between(1, PAUSE_MAX_MS), () => {
      if (!this.streams.includes(open) || open.member.life !== open.life) return;
      open.stream.resume();
    });
  }

  private cancelOne({ stream, watches }: OpenStream): void {
    for (const id of watches.keys()) {
      stream.cancel(id);
      watches.delete(id);
      return;
    }
  }

  private close(open: OpenStream): void {
    this.streams = this.streams.filter((other) => other !== open);
    open.stream.close();
  }

  /** Streams whose member ended are gone; where one of their watches stood is remembered. */
  private forgetLost(): void {
    this.streams = this.streams.filter(({ life, member, watches }) => {
      if (member.life === life) return true;
      for (const watch of watches.values()) this.resumeAt = watch.nextRevision;
      return false;
    });
  }
}
