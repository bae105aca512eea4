/** What the other packages may use of the state machine and of the service over it; protocols: service/service-api.ts. */
export * from './alarms/alarm.ts';
export * from './alarms/named-corrupt.ts';
export type { Role, User } from './auth/accounts.ts';
export * from './auth/caller.ts';
export * from './auth/permission.ts';
export type { Refusal, Rights } from './auth/rights.ts';
export * from './backend/backend.ts';
export * from './backend/memory-backend.ts';
export * from './keyspace/keyspace.ts';
export * from './keyspace/keyspace-tally.ts';
export { hasBounds, isWithinBounds, recordOrder, withoutValue } from './keyspace/range.ts';
export * from './leases/lease-clock.ts';
export * from './leases/lease-module.ts';
export * from './machine/apply-meter.ts';
export * from './machine/backup-image.ts';
export * from './machine/command-codec.ts';
export * from './machine/commands.ts';
export * from './machine/machine.ts';
export * from './machine/machine-api.ts';
export * from './machine/machine-observer.ts';
export * from './machine/member-commands.ts';
export * from './machine/results.ts';
export * from './machine/values.ts';
export * from './member/coordination-member.ts';
export * from './member/coordination-member-parts.ts';
export * from './member/leaderless-notice.ts';
export * from './member/paces.ts';
export * from './order/sorted-runs.ts';
export type { AutoCompactionPlan } from './service/auto-compaction.ts';
export {
  type CorruptionCheckPlan,
  NO_CORRUPTION_CHECKS,
} from './service/corruption-checks/corruption-checks.ts';
export * from './service/corruption-checks/corruption-event.ts';
export * from './service/corruption-checks/no-keyspace.ts';
export * from './service/machine-outputs.ts';
export * from './service/member-measurements.ts';
export * from './service/member-service.ts';
export * from './service/member-service-parts.ts';
export * from './service/simple-tokens.ts';
export * from './watches/history.ts';
export * from './watches/limits.ts';
export * from './watches/watch.ts';
export * from './watches/watch-hub.ts';
export * from './watches/watch-stream.ts';
