/** What the other packages may use of the engine. */
export * from './bytes/hex-id.ts';
export * from './bytes/malformed.ts';
export * from './bytes/reader.ts';
export * from './bytes/writer.ts';
export * from './checksum/crc32c.ts';
export * from './core/assert.ts';
export * from './core/core.ts';
export * from './core/effects.ts';
export * from './core/entry.ts';
export * from './core/inputs.ts';
export * from './core/membership.ts';
export * from './core/messages.ts';
export * from './core/numbers.ts';
export * from './replica/envelope.ts';
export * from './replica/ports.ts';
