/**
 * Where a member's peers are, and what they have to do with the cluster: by the list of members, as far as that tells. A
 * member that has just joined, or was away while others came, has an older list: it also takes those for members whom it
 * was told of when it joined, and those who come and say where they can be reached.
 */
import { type MemberId, memberId as toMemberId } from '@synod/consensus';
import type { DirectoryFacts } from '@synod/coordination';
import type { SocketAddress } from '../sockets/socket-address.ts';
import type { ListedMember } from '../transport/cluster-question.ts';
import type { PeerStanding } from '../transport/handshake.ts';
import { addressOf } from './addresses.ts';
import { INTRODUCED_PEERS_MAX } from './limits.ts';

export class PeerBook {
  private readonly self: string;
  private readonly directory: DirectoryFacts;
  private readonly acquaintances: ReadonlyMap<string, ListedMember>;
  /** Peer URLs, by id, of those who are in no list here. */
  private readonly introduced = new Map<string, readonly string[]>();

  constructor(parts: {
    readonly self: string;
    readonly directory: DirectoryFacts;
    readonly acquaintances: readonly ListedMember[];
  }) {
    this.self = parts.self;
    this.directory = parts.directory;
    this.acquaintances = new Map(parts.acquaintances.map((member) => [member.id, member]));
  }

  /** Of everybody whom the consensus may need, this member left out. */
  addresses(): Map<MemberId, readonly SocketAddress[]> {
    const urls = new Map<string, readonly string[]>();
    for (const [id, peerUrls] of this.introduced) urls.set(id, peerUrls);
    for (const [id, { peerUrls }] of this.acquaintances) urls.set(id, peerUrls);
    for (const id of [...urls.keys()]) if (this.directory.standing(id) !== undefined) urls.delete(id);
    for (const { id, peerUrls } of [...this.directory.list(), ...this.directory.leaving()])
      urls.set(id, peerUrls);
    urls.delete(this.self);
    return new Map([...urls].map(([id, peerUrls]) => [toMemberId(id), peerUrls.map(addressOf)]));
  }

  standing(id: string): PeerStanding {
    const standing = this.directory.standing(id);
    if (standing === 'gone') return 'removed';
    if (standing !== undefined || this.acquaintances.has(id) || this.introduced.has(id)) return 'member';
    return this.introduced.size < INTRODUCED_PEERS_MAX ? 'member' : 'unknown';
  }

  /** @returns whether that is news */
  introduce(id: string, urls: readonly string[]): boolean {
    const isKnown = this.directory.standing(id) !== undefined || this.acquaintances.has(id);
    if (isKnown || urls.length === 0 || this.introduced.get(id)?.join() === urls.join()) return false;
    if (this.introduced.size >= INTRODUCED_PEERS_MAX && !this.introduced.has(id)) return false;
    this.introduced.set(id, urls);
    return true;
  }

  /** For the log; undefined: nobody has said. */
  nameOf(id: string): string | undefined {
    return this.directory.member(id)?.name ?? this.acquaintances.get(id)?.name;
  }

  /** Name and addresses, for the log. */
  describe(id: string): string {
    const member = this.directory.member(id) ?? this.acquaintances.get(id);
    const urls = member?.peerUrls ?? this.introduced.get(id) ?? [];
    return `${member?.name || id} at ${urls.join()}`;
  }
}
