/** A machine on a backend in memory, the log it was fed, and everything that came out of it. */
import { type Entry, encodeEnvelope, epoch, logIndex } from '@synod/consensus';
import {
  APPLY_LIMITS,
  type ApplyLimits,
  type AuthChange,
  type Caller,
  type Command,
  type CommandResult,
  type CoordinationMachine,
  createMachine,
  encodeCommands,
  type KeyEvent,
  type LeaseChange,
  type MachineOutputs,
  MemoryBackend,
  type ProposalOrigin,
  type Revision,
  TABLE,
} from '@synod/coordination';

export type Output =
  | { readonly kind: 'result'; readonly origin: ProposalOrigin; readonly results: readonly CommandResult[] }
  | { readonly kind: 'events'; readonly revision: Revision; readonly events: readonly KeyEvent[] }
  | { readonly kind: 'compacted'; readonly revision: Revision }
  | { readonly kind: 'leaseChanged'; readonly change: LeaseChange }
  | { readonly kind: 'authChanged'; readonly change: AuthChange }
  | { readonly kind: 'restored' };

export const MEMBER = '00000000000000aa';

export class MachineUnderTest {
  readonly log: Entry[] = [];
  /** In the order in which they came, since the machine was opened. */
  readonly outputs: Output[] = [];
  backend: MemoryBackend;
  machine: CoordinationMachine;
  private readonly applyLimits: ApplyLimits;
  private sequence = 0;

  constructor(backend: MemoryBackend = new MemoryBackend(), applyLimits: ApplyLimits = APPLY_LIMITS) {
    this.backend = backend;
    this.applyLimits = applyLimits;
    this.machine = this.open();
  }

  /** Applies commands as one entry of the log. */
  run(...commands: Command[]): readonly CommandResult[] {
    return this.runFor(undefined, ...commands);
  }

  /** Likewise, on behalf of somebody. */
  runFor(caller: Caller | undefined, ...commands: Command[]): readonly CommandResult[] {
    return this.apply(this.proposal(commands, caller));
  }

  /** Likewise; `betweenTurns` is called wherever others have their turn while the entry is half applied. */
  runInTurns(command: Command, betweenTurns: () => void): readonly CommandResult[] {
    return this.apply(this.proposal([command], undefined), betweenTurns);
  }

  /** Applies any bytes as an entry, in as many turns as that takes. @returns the results, if any came out. */
  apply(payload: Uint8Array, betweenTurns: () => void = () => {}): readonly CommandResult[] {
    const index = logIndex(this.log.length + 1);
    this.log.push({ index, epoch: epoch(1), kind: 'command', payload });
    const before = this.outputs.length;
    this.applyLog(betweenTurns);
    for (const output of this.outputs.slice(before)) if (output.kind === 'result') return output.results;
    return [];
  }

  /** The power goes; what the backend kept is opened, and the log applied from there. */
  crash(): void {
    this.backend.crash();
    this.reopen();
    this.applyLog(() => {});
  }

  /** What the backend has is opened, and nothing applied. */
  reopen(): void {
    this.outputs.length = 0;
    this.machine = this.open();
  }

  /** Moves the state to another backend by an image in pieces of so many bytes. */
  moveByImage(pieceBytes: number): void {
    const image = this.machine.capture();
    const next = new MachineUnderTest();
    const restore = next.machine.beginRestore(image.index);
    for (let piece = image.next(); piece !== undefined; piece = image.next())
      for (let at = 0; at < piece.length; at += pieceBytes) restore.write(piece.slice(at, at + pieceBytes));
    restore.finish(() => {});
    image.close();
    this.backend = next.backend;
    this.machine = this.open();
  }

  /** Restores, under the running machine, the image of a member that applied the same log and swept nothing. */
  restoreInPlace(pieceBytes: number): void {
    const other = new MachineUnderTest();
    other.log.push(...this.log);
    other.applyLog(() => {});
    const image = other.machine.capture();
    const restore = this.machine.beginRestore(image.index);
    for (let piece = image.next(); piece !== undefined; piece = image.next())
      for (let at = 0; at < piece.length; at += pieceBytes) restore.write(piece.slice(at, at + pieceBytes));
    image.close();
    restore.finish(() => {});
  }

  /** Rows of the revisions' table: what a sweep has left. */
  revisionRows(): number {
    return [...this.backend.scan(TABLE.revisions, {})].length;
  }

  private proposal(commands: readonly Command[], caller: Caller | undefined): Uint8Array {
    const sequence = ++this.sequence;
    const body = encodeCommands(commands, caller);
    return encodeEnvelope({ member: MEMBER, incarnation: 1, sequence, oldestPending: sequence, body });
  }

  /** What the machine has yet to apply, in as many turns as it takes. */
  private applyLog(betweenTurns: () => void): void {
    const last = this.log.length;
    for (;;) {
      this.machine.apply(this.log.slice(this.machine.appliedIndex));
      if (this.machine.appliedIndex === last) return;
      betweenTurns();
    }
  }

  private open(): CoordinationMachine {
    const put = (output: Output): void => void this.outputs.push(output);
    const outputs: MachineOutputs = {
      result: (origin, results) => put({ kind: 'result', origin, results }),
      events: (revision, events) => put({ kind: 'events', revision, events }),
      compacted: (revision) => put({ kind: 'compacted', revision }),
      leaseChanged: (change) => put({ kind: 'leaseChanged', change }),
      membersChanged: () => {},
      authChanged: (change) => put({ kind: 'authChanged', change }),
      restored: () => put({ kind: 'restored' }),
    };
    return createMachine({ backend: this.backend, outputs, founders: [], applyLimits: this.applyLimits });
  }
}
