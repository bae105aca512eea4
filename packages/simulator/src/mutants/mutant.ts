/**
 * A bug planted on purpose, to show that the checkers would find it. It changes the production objects of a simulated
 * member after they were made; nothing of it is in what ships.
 */
import type { ConsensusCore, ProtocolName, RecoveredLog } from '@synod/consensus';
import type { CoordinationMachine, CoordinationMember } from '@synod/coordination';
import type { SimulatedDisk } from '../world/simulated-disk.ts';

export interface Mutant {
  readonly name: string;
  /** The numbered pitfall, or the rule it breaks. */
  readonly of: string;
  /** What is wrong, in a line. */
  readonly what: string;
  /** Undefined: any. */
  readonly protocol?: ProtocolName;
  readonly disk?: (disk: SimulatedDisk) => void;
  readonly recovered?: (recovered: RecoveredLog) => RecoveredLog;
  /** Before the core is watched: the checkers see what it does, bug and all. */
  readonly core?: (core: ConsensusCore) => void;
  readonly machine?: (machine: CoordinationMachine) => void;
  readonly life?: (life: CoordinationMember) => void;
  /** A member whose disk was wiped comes back under its old name. */
  readonly wipedKeepsName?: boolean;
}
