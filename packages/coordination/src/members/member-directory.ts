/**
 * Who the members are and who is to have a vote, as a part of the replicated state: what was asked for, in the order of the
 * log. Who has a vote is the consensus core's business; its leader follows this list (../service/membership-keeper.ts).
 */
import { unreachable } from '@synod/consensus';
import { type Backend, TABLE } from '../backend/backend.ts';
import type { MemberFacts } from '../machine/machine-api.ts';
import type { MemberCommand } from '../machine/member-commands.ts';
import type { FailureReason } from '../machine/results.ts';
import {
  type DirectoryEntry,
  decodeDirectoryEntry,
  directoryRowKey,
  encodeDirectoryEntry,
  type Standing,
} from './member-row.ts';

type Publish = Extract<MemberCommand, { kind: 'publish' }>;
type Add = Extract<MemberCommand, { kind: 'add' }>;

export class MemberDirectory {
  private readonly backend: Pick<Backend, 'scan' | 'put'>;
  /** Who founded the cluster: the same on every member, whenever it came. */
  private readonly founders: readonly MemberFacts[];
  /** By id, removed ones among them: an id is not used twice. Durable but for founders of whom nothing was said yet. */
  private readonly entries = new Map<string, DirectoryEntry>();
  private wasChanged = false;

  constructor(backend: Pick<Backend, 'scan' | 'put'>, founders: readonly MemberFacts[]) {
    this.backend = backend;
    this.founders = founders;
  }

  /** @throws MalformedBytes when a row is not what this version wrote. */
  load(): void {
    this.entries.clear();
    this.wasChanged = false;
    for (const founder of this.founders)
      this.entries.set(founder.id, { facts: founder, standing: 'member', isAsAsked: false });
    for (const { key, value } of this.backend.scan(TABLE.members, {})) {
      const entry = decodeDirectoryEntry(key, value);
      this.entries.set(entry.facts.id, entry);
      this.wasChanged ||= entry.isAsAsked || entry.standing !== 'member';
    }
  }

  /** Whether anybody ever asked for something else than the founders as they were: from then on this list is what counts. */
  get isInForce(): boolean {
    return this.wasChanged;
  }

  /** By id, so that every member gives the same list. */
  list(): MemberFacts[] {
    return this.withStanding('member');
  }

  /** Removed members that the consensus may still need, by id. */
  leaving(): MemberFacts[] {
    return this.withStanding('leaving');
  }

  /** Undefined: nobody ever heard of it. */
  standing(id: string): Standing | undefined {
    return this.entries.get(id)?.standing;
  }

  /** Who it is while it takes part. */
  member(id: string): MemberFacts | undefined {
    const entry = this.entries.get(id);
    return entry?.standing === 'member' ? entry.facts : undefined;
  }

  /** @returns why nothing changed; undefined: it is done */
  apply(command: MemberCommand): FailureReason | undefined {
    switch (command.kind) {
      case 'publish':
        this.publish(command);
        return undefined;
      case 'add':
        return this.add(command);
      case 'remove':
        return this.remove(command.id);
      case 'update':
        return this.update(command.id, command.peerUrls);
      case 'promote':
        return this.promote(command.id);
      case 'retire':
        this.retire(command.id);
        return undefined;
      default:
        return unreachable(command);
    }
  }

  private publish({ id, name, peerUrls, clientUrls }: Publish): void {
    const entry = this.entries.get(id);
    if (entry === undefined)
      this.set({
        facts: { id, name, peerUrls, clientUrls, isLearner: false },
        standing: 'member',
        isAsAsked: false,
      });
    else if (entry.standing === 'member') this.set({ ...entry, facts: { ...entry.facts, name, clientUrls } });
  }

  private add({ id, peerUrls, isLearner, learnersMax }: Add): FailureReason | undefined {
    const standing = this.standing(id);
    if (standing === 'member') return { code: 'memberExists' };
    if (standing !== undefined) return { code: 'memberNotFound' };
    if (this.isUrlTaken(peerUrls, id)) return { code: 'peerUrlExists' };
    const learners = this.list().filter((member) => member.isLearner).length;
    if (isLearner && learners >= learnersMax) return { code: 'tooManyLearners' };
    this.wasChanged = true;
    this.set({
      facts: { id, name: '', peerUrls, clientUrls: [], isLearner },
      standing: 'member',
      isAsAsked: true,
    });
    return undefined;
  }

  private remove(id: string): FailureReason | undefined {
    const entry = this.entries.get(id);
    if (entry?.standing !== 'member') return { code: 'memberNotFound' };
    const isVoter = (member: MemberFacts): boolean => !member.isLearner;
    if (isVoter(entry.facts) && this.list().filter(isVoter).length === 1) return { code: 'lastVoter' };
    this.wasChanged = true;
    this.set({ ...entry, standing: 'leaving' });
    return undefined;
  }

  private update(id: string, peerUrls: readonly string[]): FailureReason | undefined {
    const entry = this.entries.get(id);
    if (entry?.standing !== 'member') return { code: 'memberNotFound' };
    if (this.isUrlTaken(peerUrls, id)) return { code: 'peerUrlExists' };
    this.wasChanged = true;
    this.set({ ...entry, facts: { ...entry.facts, peerUrls }, isAsAsked: true });
    return undefined;
  }

  private promote(id: string): FailureReason | undefined {
    const entry = this.entries.get(id);
    if (entry?.standing !== 'member') return { code: 'memberNotFound' };
    if (!entry.facts.isLearner) return { code: 'memberNotLearner' };
    this.set({ ...entry, facts: { ...entry.facts, isLearner: false } });
    return undefined;
  }

  private retire(id: string): void {
    const entry = this.entries.get(id);
    if (entry?.standing === 'leaving') this.set({ ...entry, standing: 'gone' });
  }

  private isUrlTaken(peerUrls: readonly string[], by: string): boolean {
    return this.list().some(
      (member) => member.id !== by && member.peerUrls.some((url) => peerUrls.includes(url)),
    );
  }

  private withStanding(standing: Standing): MemberFacts[] {
    return [...this.entries.values()]
      .filter((entry) => entry.standing === standing)
      .map(({ facts }) => facts)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  private set(entry: DirectoryEntry): void {
    const { id } = entry.facts;
    this.entries.set(id, entry);
    this.backend.put(TABLE.members, directoryRowKey(id), encodeDirectoryEntry(entry));
  }
}
