/** What the other packages may use of the state machine. */
export * from './backend/backend.ts';
export * from './backend/memory-backend.ts';
export * from './keyspace/keyspace.ts';
export * from './leases/lease-clock.ts';
export * from './leases/lease-module.ts';
export * from './machine/command-codec.ts';
export * from './machine/commands.ts';
export * from './machine/machine.ts';
export * from './machine/machine-api.ts';
export * from './machine/results.ts';
export * from './machine/values.ts';
export * from './watches/history.ts';
export * from './watches/watch.ts';
export * from './watches/watch-hub.ts';
export * from './watches/watch-stream.ts';
