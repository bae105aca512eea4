/**
 * The trace hashes of a few worlds, a line each. Run by itself it prints them, or pins them with `--write`:
 * `node packages/simulator/test/world/trace-hashes.ts --write`, after a change that is meant to change what worlds do.
 */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { runSeed } from '../../src/run/run-seed.ts';

/** A world of many faults and one of few; both have clients with errands. */
const SEEDS = [3, 14];

export const PINNED_FILE = fileURLToPath(new URL('./trace-hashes.txt', import.meta.url));

export function traceHashes(): string {
  let text = '';
  for (const protocol of [raftUnderTest, paxosUnderTest])
    for (const seed of SEEDS)
      text += `${protocol.name} ${seed} ${runSeed(seed, { protocol, errands: true }).traceHash}\n`;
  return text;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(PINNED_FILE, traceHashes());
  else process.stdout.write(traceHashes());
}
