/** The etcd protocol of one member as a table of calls: what the gRPC layer is given. */
import type { CoordinationService } from '@synod/coordination/service/service-api.ts';
import type { PasswordHasher } from '../../passwords/password-hasher.ts';
import type { Tokens } from '../../tokens/tokens.ts';
import { guarded } from './access.ts';
import { type EtcdOptions, MemberFace } from './member-face.ts';
import type { RpcTable, ServedMethod } from './rpc.ts';
import { authHandlers } from './services/auth.ts';
import { clusterHandlers } from './services/cluster.ts';
import { electionHandlers } from './services/election.ts';
import { healthHandlers } from './services/health.ts';
import { kvHandlers } from './services/kv.ts';
import { LeaderRequirement } from './services/leader-requirement.ts';
import { leaseHandlers } from './services/lease.ts';
import { lockHandlers } from './services/lock.ts';
import { maintenanceHandlers } from './services/maintenance.ts';
import { watchHandlers } from './services/watch.ts';
import { WatchProgress } from './services/watch-progress.ts';

export interface EtcdProtocol {
  readonly methods: RpcTable;
  /** Lets go of timers and listeners. Open calls are for the gRPC layer to end. */
  stop(): void;
}

/** What makes out who calls. */
export interface Accounts {
  readonly passwords: PasswordHasher;
  readonly tokens: Tokens;
}

export function etcdProtocol(
  service: CoordinationService,
  options: EtcdOptions,
  { passwords, tokens }: Accounts,
): EtcdProtocol {
  const face = new MemberFace(service, options);
  const leaders = new LeaderRequirement(face);
  const progress = new WatchProgress(options.progressIntervalMs);
  return {
    methods: guarded(
      new Map<string, ServedMethod>([
        ...kvHandlers(face),
        ...watchHandlers(face, leaders, progress),
        ...leaseHandlers(face, leaders),
        ...clusterHandlers(face),
        ...maintenanceHandlers(face),
        ...lockHandlers(face),
        ...electionHandlers(face, leaders),
        ...healthHandlers(face),
        ...authHandlers(face, passwords, tokens),
      ]),
      face,
      tokens,
    ),
    stop() {
      leaders.stop();
      progress.stop();
    },
  };
}
