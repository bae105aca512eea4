/**
 * A process that is there to be killed: writes round after round, each a commit of many rows that all say its number,
 * and tells on its standard output which rounds are durable. Argument: the directory.
 */
import { writeSync } from 'node:fs';
import { TABLE } from '@synod/coordination';
import { LmdbBackend } from '../../src/storage/lmdb-backend.ts';
import { ROWS_A_ROUND } from './lmdb-writer-rounds.ts';

const backend = new LmdbBackend({ directory: process.argv[2]! });
const text = new TextEncoder();

function writeRound(round: number): void {
  const value = text.encode(`${round}`.padEnd(200));
  for (let row = 0; row < ROWS_A_ROUND; row++)
    backend.put(TABLE.revisions, text.encode(`row ${row}`.padEnd(24)), value);
  // Two commits are always under way, and the rows of the next round are written meanwhile.
  backend.commit((error) => {
    if (error !== undefined) throw error;
    writeSync(1, `${round}\n`);
    setImmediate(writeRound, round + 2);
  });
}

writeRound(1);
writeRound(2);
