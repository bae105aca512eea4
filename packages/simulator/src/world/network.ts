/**
 * The network between members: any directed graph of links, each slow, lossy, doubling, reordering, clogged or cut as the
 * faults say. Messages are bytes, as in production; nothing is ever altered.
 */
import type { Lane, MemberId } from '@synod/consensus';
import type { SeededRandom } from '../random/seeded-random.ts';
import type { EventQueue } from './event-queue.ts';
import type { Trace } from './trace.ts';

/** What befalls every message while it holds; probabilities in [0, 1]. */
export interface NetworkConditions {
  readonly delayMinMs: number;
  readonly delayMaxMs: number;
  /** Of a message that takes `lateMaxMs` at most instead. */
  readonly lateProbability: number;
  readonly lateMaxMs: number;
  readonly lossProbability: number;
  readonly duplicateProbability: number;
  /** Of a message that may overtake those before it. */
  readonly reorderProbability: number;
  /** Of an old message that comes once more with this one. */
  readonly replayProbability: number;
}

export const CALM_NETWORK: NetworkConditions = {
  delayMinMs: 0.1,
  delayMaxMs: 2,
  lateProbability: 0,
  lateMaxMs: 0,
  lossProbability: 0,
  duplicateProbability: 0,
  reorderProbability: 0,
  replayProbability: 0,
};

interface Packet {
  readonly lane: Lane;
  readonly bytes: Uint8Array;
}

interface Link {
  /** How many faults cut it at present. */
  cuts: number;
  /** Nothing arrives before this instant. */
  cloggedUntilMs: number;
  /** When the last message that may not be overtaken arrives. */
  lastArrivalMs: number;
  /** Some of what passed, to come again. */
  readonly memory: Packet[];
}

export type Deliver = (from: number, to: number, lane: Lane, bytes: Uint8Array) => void;

/** What a link remembers for replays. */
const MEMORY_PACKETS = 8;

const LANE_NUMBER: Readonly<Record<Lane, number>> = { consensus: 1, forward: 2, snapshot: 3, call: 4 };

export class Network {
  conditions: NetworkConditions = CALM_NETWORK;
  messages = 0;
  bytes = 0;
  lost = 0;
  /** Everything sent so far has arrived by then, or never will. Monotone. */
  allArrivedMs = 0;
  private readonly queue: EventQueue;
  private readonly random: SeededRandom;
  private readonly trace: Trace;
  private readonly deliver: Deliver;
  private readonly places = new Map<MemberId, number>();
  private readonly links: Link[][] = [];

  constructor(queue: EventQueue, random: SeededRandom, trace: Trace, deliver: Deliver) {
    this.queue = queue;
    this.random = random;
    this.trace = trace;
    this.deliver = deliver;
  }

  /** A new member takes the next place. */
  join(id: MemberId): void {
    const place = this.places.size;
    this.places.set(id, place);
    for (const row of this.links) row.push(newLink());
    this.links.push(Array.from({ length: place + 1 }, newLink));
  }

  placeOf(id: MemberId): number | undefined {
    return this.places.get(id);
  }

  cut(from: number, to: number): void {
    this.links[from]![to]!.cuts++;
  }

  mend(from: number, to: number): void {
    this.links[from]![to]!.cuts--;
  }

  isCut(from: number, to: number): boolean {
    return this.links[from]![to]!.cuts > 0;
  }

  /** The other members, as a member at this place would know of its links to them. */
  peersOf(place: number): { readonly peer: MemberId; readonly connectedSinceMs: number | undefined }[] {
    const peers: { readonly peer: MemberId; readonly connectedSinceMs: number | undefined }[] = [];
    for (const [peer, other] of this.places)
      if (other !== place) peers.push({ peer, connectedSinceMs: this.isCut(place, other) ? undefined : 0 });
    return peers;
  }

  /** Holds everything on a link back for a while; then it comes all at once. */
  clog(from: number, to: number, forMs: number): void {
    const link = this.links[from]![to]!;
    link.cloggedUntilMs = Math.max(link.cloggedUntilMs, this.queue.nowMs + forMs);
  }

  /** Everything heals: no cut, no clog, calm. */
  heal(): void {
    this.conditions = CALM_NETWORK;
    for (const row of this.links)
      for (const link of row) {
        link.cuts = 0;
        link.cloggedUntilMs = 0;
        // What is on its way comes whenever it comes; what is sent from now on does not wait for it.
        link.lastArrivalMs = 0;
        link.memory.length = 0;
      }
  }

  send(from: number, to: MemberId, lane: Lane, bytes: Uint8Array): void {
    const place = this.places.get(to);
    if (place === undefined || place === from) return;
    const { random, conditions } = this;
    this.messages++;
    this.bytes += bytes.length;
    const link = this.links[from]![place]!;
    this.trace.count(from * 16 + place, LANE_NUMBER[lane], bytes.length);
    if (this.trace.isHeard) this.trace.say(`m${from} → m${place} ${lane} ${bytes.length} bytes`);
    if (link.cuts > 0 || (conditions.lossProbability > 0 && random.chance(conditions.lossProbability))) {
      this.lost++;
      return;
    }
    const packet: Packet = { lane, bytes };
    this.carry(from, place, link, packet);
    if (conditions.duplicateProbability > 0 && random.chance(conditions.duplicateProbability))
      this.carry(from, place, link, packet);
    if (conditions.replayProbability > 0) {
      if (link.memory.length > 0 && random.chance(conditions.replayProbability))
        this.carry(from, place, link, random.pick(link.memory));
      if (link.memory.length < MEMORY_PACKETS) link.memory.push(packet);
      else link.memory[random.below(MEMORY_PACKETS)] = packet;
    }
  }

  private carry(from: number, to: number, link: Link, packet: Packet): void {
    const { random, conditions, queue } = this;
    const isLate = conditions.lateProbability > 0 && random.chance(conditions.lateProbability);
    let arrivalMs =
      queue.nowMs +
      random.between(conditions.delayMinMs, isLate ? conditions.lateMaxMs : conditions.delayMaxMs);
    if (arrivalMs < link.cloggedUntilMs) arrivalMs = link.cloggedUntilMs;
    const mayOvertake = conditions.reorderProbability > 0 && random.chance(conditions.reorderProbability);
    if (!mayOvertake) {
      if (arrivalMs < link.lastArrivalMs) arrivalMs = link.lastArrivalMs;
      link.lastArrivalMs = arrivalMs;
    }
    if (arrivalMs > this.allArrivedMs) this.allArrivedMs = arrivalMs;
    queue.after(Math.max(arrivalMs - queue.nowMs, 0.001), () => {
      if (link.cuts > 0) this.lost++;
      else this.deliver(from, to, packet.lane, packet.bytes);
    });
  }
}

function newLink(): Link {
  return { cuts: 0, cloggedUntilMs: 0, lastArrivalMs: 0, memory: [] };
}
