/** What the other packages may use of the state machine. */
export * from './backend/backend.ts';
export * from './machine/commands.ts';
export * from './machine/machine-api.ts';
export * from './machine/results.ts';
export * from './machine/values.ts';
