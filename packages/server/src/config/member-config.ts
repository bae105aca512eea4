/** What one member is told of itself and its cluster: the checked form of flags, environment and file. */
import type { ProtocolName } from '@synod/consensus';
import type { AutoCompactionPlan, CorruptionCheckPlan } from '@synod/coordination';
import type { SlowRequestBounds } from '../log/slow-requests.ts';
import type { WebAccess } from '../protocols/etcd/web-access.ts';
import type { TlsConfig } from '../tls/tls-config.ts';
import type { TokenOptions } from '../tokens/web-token-options.ts';
import type { DiscoveryConfig } from './discovery-service.ts';

export interface Founder {
  /** 16 hex digits. */
  readonly id: string;
  readonly name: string;
  readonly peerUrls: readonly string[];
}

export interface MemberConfig {
  readonly name: string;
  /** Absolute. */
  readonly dataDirectory: string;
  /** Absolute; undefined: below the data directory. */
  readonly journalDirectory?: string;
  readonly listenPeerUrls: readonly string[];
  readonly listenClientUrls: readonly string[];
  /** For HTTP/1.1, and then `listenClientUrls` are for gRPC alone; mostly none, and those serve both. */
  readonly listenClientHttpUrls: readonly string[];
  /** For metrics and health alone; mostly none. */
  readonly listenMetricsUrls: readonly string[];
  readonly advertisePeerUrls: readonly string[];
  readonly advertiseClientUrls: readonly string[];
  /** Of https:// addresses, of either kind; undefined: there are none. */
  readonly clientTls?: TlsConfig;
  readonly peerTls?: TlsConfig;
  /** Whether a member without data founds the cluster, or joins one that there is. */
  readonly initialClusterState: 'new' | 'existing';
  /** A member with data goes on alone: the others are gone for good. */
  readonly forceNewCluster: boolean;
  /** Refuses changes of the membership that endanger the quorum. */
  readonly strictReconfiguration: boolean;
  /** How many learners there may be. */
  readonly learnersMax: number;
  /**
   * 16 hex digits each, as etcd derives them from the founders: for a member without data that founds its cluster. With
   * `discovery` the cluster's is as if this member founded it alone.
   */
  readonly memberId: string;
  readonly clusterId: string;
  /** The members that --initial-cluster names, this one among them. */
  readonly founders: readonly Founder[];
  /** Who knows the founders; undefined: they are the above. */
  readonly discovery?: DiscoveryConfig;
  readonly protocol: ProtocolName;
  readonly heartbeatMs: number;
  readonly electionTimeoutMs: number;
  readonly initialElectionTickAdvance: boolean;
  readonly preVote: boolean;
  /** Entries applied between two times that the log is trimmed. */
  readonly snapshotCount: number;
  /** What the store may hold; infinity: no quota. */
  readonly storeBytesMax: number;
  /** Undefined: the member compacts nothing by itself. */
  readonly autoCompaction: AutoCompactionPlan | undefined;
  readonly corruptionChecks: CorruptionCheckPlan & {
    /** Before the member serves anybody it compares what it holds with the others. */
    readonly atStart: boolean;
  };
  readonly requestBytesMax: number;
  readonly transactionOperationsMax: number;
  readonly concurrentStreamsMax: number;
  /** Of clients. Undefined: what the limit on open files leaves. */
  readonly connectionsMax: number | undefined;
  /** Infinity: one address may have them all. */
  readonly connectionsPerAddressMax: number;
  /** Of one connection; infinity: any number. */
  readonly requestsPerSecondMax: number;
  readonly keepalive: {
    /** A client that pings more often is sent away. */
    readonly minTimeMs: number;
    /** The member pings an idle client so often (infinity: never), and gives it up after the timeout. */
    readonly intervalMs: number;
    readonly timeoutMs: number;
  };
  readonly watchProgressIntervalMs: number;
  readonly auth: AuthConfig;
  /** Whether calls are served over HTTP/1.1 too. */
  readonly jsonGateway: boolean;
  /** Who may ask over HTTP/1.1. */
  readonly webAccess: WebAccess;
  /** Whether metrics tell how long calls take. */
  readonly timesCalls: boolean;
  readonly slowRequests: SlowRequestBounds;
  readonly log: LogConfig;
}

export interface AuthConfig {
  readonly tokens: TokenOptions;
  /** A simple token is forgotten so long after it was last used. */
  readonly simpleTokenTtlMs: number;
  readonly bcryptCost: number;
}

export interface LogConfig {
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'panic' | 'fatal';
  readonly format: 'json' | 'console';
  /** `default`, `stderr`, `stdout` or paths of files. */
  readonly outputs: readonly string[];
}
