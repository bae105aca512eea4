/** The journal on real files: over several segments, and cut short. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, truncateSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  clusterId,
  epoch,
  type JournalOpenResult,
  logIndex,
  memberId,
  openJournal,
  simpleMembership,
  ticket,
} from '@synod/consensus';
import { NodeDisk } from '../../src/storage/node-disk.ts';

const MEMBER = memberId('00000000000000a1');

async function withJournals(
  body: (open: () => Promise<JournalOpenResult>, directory: string) => Promise<void>,
) {
  const directory = mkdtempSync(join(tmpdir(), 'synod-journal-'));
  const disks: NodeDisk[] = [];
  const open = () => {
    const disk = new NodeDisk(directory);
    disks.push(disk);
    return new Promise<JournalOpenResult>((resolve) =>
      openJournal(
        {
          disk,
          clock: { nowMs: () => performance.now() },
          identity: {
            protocol: 'raft',
            clusterId: clusterId('00000000000000c1'),
            memberId: MEMBER,
            foundingMembership: simpleMembership({ voters: [MEMBER], learners: [] }),
          },
          salt: 3,
          segmentBytes: 16 * 1024,
        },
        resolve,
      ),
    );
  };
  try {
    await body(open, directory);
  } finally {
    for (const disk of disks) disk.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Appends entries 1 to `count`, each in a frame of its own, and closes the journal. */
async function append(opened: JournalOpenResult, count: number): Promise<void> {
  assert(opened.ok);
  const { journal } = opened;
  await new Promise<void>((resolve, reject) => {
    const appendNext = (index: number): void => {
      const payload = new Uint8Array(1000).fill(index);
      const entry = { index: logIndex(index), epoch: epoch(1), kind: 'command', payload } as const;
      journal.append(ticket(index), [{ kind: 'entry', entry }]);
      journal.flush();
    };
    journal.attach({
      durable: (reached) => (reached < count ? appendNext(reached + 1) : resolve()),
      failed: reject,
      synced: () => {},
    });
    appendNext(1);
  });
  await new Promise<void>((resolve) => journal.close(resolve));
}

test('a journal on files comes back whole, over several segments', () =>
  withJournals(async (open, directory) => {
    await append(await open(), 40);
    assert(readdirSync(join(directory, 'journal')).length >= 3);
    const again = await open();
    assert(again.ok);
    assert.deepEqual([again.incarnation, again.tornBytes, again.recovered.entries.length], [2, 0, 40]);
    assert(again.recovered.entries.every(({ index, payload }) => payload.every((byte) => byte === index)));
  }));

test('pitfall 29 a segment that was cut short while another follows is refused by name', () =>
  withJournals(async (open, directory) => {
    await append(await open(), 40);
    truncateSync(join(directory, 'journal/0000000000000001.log'), 9_000);
    const again = await open();
    assert(!again.ok && again.error.kind === 'damaged');
    assert.equal(again.error.path, 'journal/0000000000000001.log');
  }));
