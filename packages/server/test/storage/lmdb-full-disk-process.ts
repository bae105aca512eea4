/**
 * Commits rounds of rows until a commit fails, and tells what it saw as one line of JSON. For lmdb-full-disk.test.ts, which
 * starts it with a limit on the size of its files.
 *
 *     node lmdb-full-disk-process.ts DIRECTORY
 */
import { setImmediate } from 'node:timers/promises';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';

const ROWS_A_ROUND = 50;
const VALUE_BYTES = 4096;
const ROUNDS_MAX = 500;

const backend = new LmdbBackend({ directory: process.argv[2]! });
const row = (at: number): Uint8Array => Uint8Array.of(at >>> 8, at);

const committed = (): Promise<Error | undefined> => new Promise((resolve) => backend.commit(resolve));

function writeRound(round: number): void {
  for (let at = 0; at < ROWS_A_ROUND; at++)
    backend.put(TABLE.revisions, row(round * ROWS_A_ROUND + at), new Uint8Array(VALUE_BYTES).fill(round));
  backend.put(TABLE.meta, Uint8Array.of(0), row(round));
}

let acknowledged = 0;
let failure: Error | undefined;
for (let round = 1; round <= ROUNDS_MAX && failure === undefined; round++) {
  writeRound(round);
  failure = await committed();
  if (failure === undefined) acknowledged = round;
}
const visibleRounds = backend.get(TABLE.meta, Uint8Array.of(0))!;
writeRound(acknowledged + 2);
const later = await committed();
// Whatever else the failure leads to, an unhandled rejection for one, comes before this line.
for (let turn = 0; turn < 100; turn++) await setImmediate();
process.stdout.write(
  JSON.stringify({
    acknowledged,
    failure: failure?.message,
    later: later?.message,
    visible: visibleRounds[0]! * 256 + visibleRounds[1]!,
  }),
);
await backend.close();
