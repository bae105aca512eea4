/**
 * The history of a client's own keys, as a watch tells it: opened wherever the client is, and gone on with elsewhere when
 * that member ends or falls behind.
 */
import type { CoordinationMember, WatchEvent } from '@synod/coordination';
import type { WatchStream } from '@synod/coordination/service/service-api.ts';
import { CheckedWatch } from '../checkers/watches.ts';
import type { ReferenceKeyspace } from '../model/reference-keyspace.ts';
import type { SimulatedMember } from '../world/simulated-member.ts';
import { describeRecordForAccount, type LeaseName } from './account.ts';
import { ownSpan } from './errand.ts';

interface OpenWatch {
  readonly member: SimulatedMember;
  readonly life: CoordinationMember;
  readonly stream: WatchStream;
  readonly watch: CheckedWatch;
}

/** The first change of every keyspace makes this revision. */
const FIRST_REVISION = 2;

export class ErrandWatch {
  /** What it was told, the changes of one revision together; where a compaction took something away, a new list begins. */
  private readonly stretches: { readonly revision: number; readonly events: WatchEvent[] }[][] = [[]];
  /** Events it was told of. */
  told = 0;
  private readonly client: number;
  private readonly keyspace: ReferenceKeyspace;
  private open: OpenWatch | undefined;
  /** Where the next watch goes on. */
  private nextRevision = FIRST_REVISION;

  constructor(client: number, keyspace: ReferenceKeyspace) {
    this.client = client;
    this.keyspace = keyspace;
  }

  /** Watches at this member from where the last watch stood, if that is lost. */
  keepOpen(member: SimulatedMember): void {
    if (this.open !== undefined && this.open.member.life === this.open.life) {
      // So that it need not go back further than it must, when it goes on elsewhere.
      this.open.stream.requestProgressOfAll();
      return;
    }
    this.close();
    if (member.life !== undefined) this.openAt(member, member.life);
  }

  /** What it was not told of up to this revision; it goes on at `member` if where it watches is no better. */
  missing(revision: number, member: SimulatedMember): string | undefined {
    this.keepOpen(member);
    if (this.open === undefined) return `the watch of errand ${this.client} is not open`;
    const missed = this.open.watch.missing(revision);
    if (missed !== undefined && this.open.life.machine.revision < revision) this.close();
    return missed;
  }

  describe(leaseName: LeaseName): string[][] {
    return this.stretches.map((stretch) =>
      stretch.map(({ events }) =>
        events
          .map(({ kind, record }) => `${kind} ${describeRecordForAccount(record, leaseName)}`)
          .join(' & '),
      ),
    );
  }

  private openAt(member: SimulatedMember, life: CoordinationMember): void {
    let opened: OpenWatch | undefined;
    const stream = life.service.openWatchStream({
      events: (_id, _revision, events) => {
        opened!.watch.events(events);
        for (const event of events) this.tell(event);
      },
      compacted: (_id, compactRevision) => {
        opened!.watch.compacted(compactRevision);
        this.stretches.push([]);
        this.nextRevision = compactRevision;
        this.open = undefined;
        stream.close();
      },
      progress: (_id, revision) => opened!.watch.progress(revision),
    });
    const spec = {
      id: undefined,
      span: ownSpan(this.client),
      startRevision: this.nextRevision,
      puts: true,
      deletes: true,
      previous: false,
    };
    const watch = new CheckedWatch(
      `the watch of errand ${this.client} at m${member.place}`,
      spec,
      life.machine.revision,
      this.keyspace,
    );
    opened = { member, life, stream, watch };
    this.open = opened;
    stream.create(spec);
  }

  private tell(event: WatchEvent): void {
    const revision = event.record.modRevision;
    const stretch = this.stretches.at(-1)!;
    const last = stretch.at(-1);
    if (last?.revision === revision) last.events.push(event);
    else stretch.push({ revision, events: [event] });
    this.told++;
  }

  private close(): void {
    if (this.open === undefined) return;
    const { stream, watch, member, life } = this.open;
    this.nextRevision = watch.nextRevision;
    this.open = undefined;
    if (member.life === life) stream.close();
  }
}
