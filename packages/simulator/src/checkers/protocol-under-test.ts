/**
 * What a world needs of a consensus protocol: its core, and somebody who watches every step of it. Each protocol has one
 * file that fills this in; nothing else in the simulator knows which one runs.
 */
import type {
  ConsensusCore,
  Effect,
  Input,
  MemberId,
  PeerMessage,
  ProtocolName,
  RecoveredLog,
} from '@synod/consensus';

export interface CoreOptions {
  readonly id: MemberId;
  readonly recovered: RecoveredLog;
  readonly incarnation: number;
  readonly electionTimeoutTicks: number;
  readonly hasTightLimits: boolean;
  /** In [0, 1). */
  readonly random: () => number;
}

export interface ProtocolUnderTest {
  readonly name: ProtocolName;
  createCore(options: CoreOptions): ConsensusCore;
  createChecker(options: Pick<CoreOptions, 'hasTightLimits'>): ProtocolChecker;
}

/** One world's knowledge of a protocol's run, over all members and lives. */
export interface ProtocolChecker {
  /** A life begins. `core` is what `createCore` made; what it recovered is checked against what was vouched for. */
  beginLife(place: number, core: ConsensusCore, recovered: RecoveredLog): CoreWatcher;
  /** All is healed and nobody asks for anything: what is not yet as it must be at rest; undefined: nothing. */
  unrest(cores: readonly ConsensusCore[]): string | undefined;
  /** How often a leader was elected. */
  readonly elections: number;
}

/** Sees everything that passes between one core and its replica. */
export interface CoreWatcher {
  beforeStep(input: Input): void;
  /** The effects of the step, before anybody carries them out. */
  drained(effects: readonly Effect[]): void;
  /** The message leaves the member at this moment. */
  leaves(message: PeerMessage): void;
}
