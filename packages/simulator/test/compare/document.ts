/**
 * The figures of docs/raft-or-paxos.md, which are measured and not written. Run by itself it measures them all again:
 * `node packages/simulator/test/compare/document.ts --write`, or only some: `… --write idle latency`.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { paxosUnderTest } from '../../src/checkers/paxos/paxos-under-test.ts';
import { raftUnderTest } from '../../src/checkers/raft/raft-under-test.ts';
import { MEASUREMENTS } from '../../src/compare/catalogue.ts';
import { tableAsText } from '../../src/compare/table.ts';

const DOCUMENT = fileURLToPath(new URL('../../../../docs/raft-or-paxos.md', import.meta.url));

/** A table in the document: the command, what it shows, and the rows. */
const BLOCK = /^`npm run sim -- --compare (\w+)`: .*\n\n(?:\|.*\n)+/gm;

/** By the name of the measurement, as it stands in the document. */
export function documentedTables(): ReadonlyMap<string, string> {
  const found = readFileSync(DOCUMENT, 'utf8').matchAll(BLOCK);
  return new Map([...found].map(([block, name]) => [name!, block]));
}

/** As the document has to have it. */
export function measuredTable(name: string): string {
  const table = MEASUREMENTS.get(name)!([raftUnderTest, paxosUnderTest]);
  return `\`npm run sim -- --compare ${name}\`: ${table.title}.\n\n${tableAsText(table)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [flag, ...names] = process.argv.slice(2);
  const wanted = names.length > 0 ? names : [...MEASUREMENTS.keys()];
  if (flag === '--write')
    writeFileSync(
      DOCUMENT,
      readFileSync(DOCUMENT, 'utf8').replace(BLOCK, (block: string, name: string) =>
        wanted.includes(name) ? measuredTable(name) : block,
      ),
    );
}
