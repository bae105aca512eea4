/**
 * A core that is watched: the replica drives it like any other. A message is seen to leave when the replica encodes it,
 * which it does at the moment of sending and at no other.
 */
import type {
  ConsensusCore,
  CoreStatus,
  Effect,
  Entry,
  Input,
  LogIndex,
  MemberId,
  MessageCodec,
  ProtocolName,
  SnapshotMeta,
} from '@synod/consensus';
import type { CoreWatcher } from './protocol-under-test.ts';

export class WatchedCore implements ConsensusCore {
  readonly protocol: ProtocolName;
  readonly id: MemberId;
  readonly codec: MessageCodec;
  private readonly core: ConsensusCore;
  private readonly watcher: CoreWatcher;
  private readonly applies: (entries: readonly Entry[]) => void;

  /** `applies` hears of committed entries before the replica is told to apply them. */
  constructor(core: ConsensusCore, watcher: CoreWatcher, applies: (entries: readonly Entry[]) => void) {
    this.core = core;
    this.applies = applies;
    this.watcher = watcher;
    this.protocol = core.protocol;
    this.id = core.id;
    this.codec = {
      encode: (message) => {
        watcher.leaves(message);
        return core.codec.encode(message);
      },
      decode: (bytes) => core.codec.decode(bytes),
    };
  }

  step(input: Input): void {
    this.watcher.beforeStep(input);
    this.core.step(input);
  }

  drain(): Effect[] {
    const effects = this.core.drain();
    this.watcher.drained(effects);
    for (const effect of effects) if (effect.kind === 'apply') this.applies(effect.entries);
    return effects;
  }

  status(): CoreStatus {
    return this.core.status();
  }

  snapshotMeta(index: LogIndex): SnapshotMeta {
    return this.core.snapshotMeta(index);
  }

  logBytes(): number {
    return this.core.logBytes();
  }
}
