/**
 * How many connections clients may have: all of them together, so that descriptors are left for the journal, the store and the
 * other members; and those of one address, so that one client leaves room for the others.
 */
import { readFileSync } from 'node:fs';
import { isIPv6, type Socket } from 'node:net';

/** What a member keeps for itself: files, peers, listeners. etcd keeps as many. */
const DESCRIPTORS_RESERVED = 150;
/** Where the operating system does not say, and where it leaves next to nothing. */
const DESCRIPTORS_UNKNOWN = 10_240;
const CONNECTIONS_MIN = 16;

export interface ConnectionLimits {
  /** Undefined: what the limit on open files leaves. */
  readonly connectionsMax: number | undefined;
  /** Infinity: one address may have them all. Else it never gets more than half of them. */
  readonly connectionsPerAddressMax: number;
}

export class ConnectionBudget {
  private readonly totalMax: number;
  private readonly perAddressMax: number;
  private readonly onRefused: (remoteAddress: string, reason: string) => void;
  private total = 0;
  /** By source; without those that have none. */
  private readonly bySource = new Map<string, number>();

  constructor(
    limits: ConnectionLimits,
    onRefused: (remoteAddress: string, reason: string) => void,
    descriptorLimit: () => number = openFilesLimit,
  ) {
    const { connectionsMax, connectionsPerAddressMax } = limits;
    this.totalMax = connectionsMax ?? Math.max(CONNECTIONS_MIN, descriptorLimit() - DESCRIPTORS_RESERVED);
    this.perAddressMax = Number.isFinite(connectionsPerAddressMax)
      ? Math.max(1, Math.min(connectionsPerAddressMax, Math.floor(this.totalMax / 2)))
      : connectionsPerAddressMax;
    this.onRefused = onRefused;
  }

  /** Counts a connection until it is closed; one too many is closed, and `false`. */
  admit(socket: Socket): boolean {
    const { remoteAddress } = socket;
    const source = remoteAddress === undefined ? undefined : sourceOf(remoteAddress);
    const ofSource = source === undefined ? 0 : (this.bySource.get(source) ?? 0);
    if (this.total >= this.totalMax)
      return this.refuse(
        socket,
        `there are ${this.totalMax} connections of clients already (--max-client-connections)`,
      );
    if (ofSource >= this.perAddressMax)
      return this.refuse(
        socket,
        `this address has ${this.perAddressMax} connections already (--max-client-connections-per-address)`,
      );
    this.total++;
    if (source !== undefined) this.bySource.set(source, ofSource + 1);
    socket.once('close', () => this.release(source));
    return true;
  }

  private release(source: string | undefined): void {
    this.total--;
    if (source === undefined) return;
    const left = this.bySource.get(source)! - 1;
    if (left === 0) this.bySource.delete(source);
    else this.bySource.set(source, left);
  }

  private refuse(socket: Socket, reason: string): false {
    socket.on('error', () => {});
    socket.destroy();
    this.onRefused(socket.remoteAddress ?? 'unknown', reason);
    return false;
  }
}

/** One client: an IPv4 address, however it is written, or the half of an IPv6 address that its network was given. */
export function sourceOf(remoteAddress: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(remoteAddress)?.[1];
  if (mapped !== undefined) return mapped;
  const plain = remoteAddress.replace(/%.*$/, '');
  if (!isIPv6(plain)) return remoteAddress;
  const [head = '', tail] = plain.split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const after = tail === undefined ? [] : words(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - words(head).length - after.length) }, () => '0');
  return `${[...words(head), ...zeros, ...after].slice(0, 4).join(':')}::/64`;
}

/** The soft limit, which Node raises to the hard one as it starts. */
export function openFilesLimit(
  read: () => string = () => readFileSync('/proc/self/limits', 'latin1'),
): number {
  try {
    const soft = /^Max open files\s+(\d+|unlimited)/m.exec(read())?.[1];
    if (soft === 'unlimited') return Number.POSITIVE_INFINITY;
    return soft === undefined ? DESCRIPTORS_UNKNOWN : Number(soft);
  } catch {
    return DESCRIPTORS_UNKNOWN;
  }
}
