/**
 * Disks that are full, not writable, or damaged: the member says so and stops (or refuses to start), the two others
 * serve on, and nothing acknowledged is lost. Small file systems need root, which CI has; without it those tests say
 * that they were not run.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { Cluster } from './cluster/cluster.ts';
import type { MemberProcess } from './cluster/member-process.ts';
import { target } from './cluster/target.ts';
import { GRPC, GrpcChannel } from './grpc-channel.ts';
import { PUT, prefixEnd, putRequest, range, revisionOf } from './key-value.ts';

const needsRoot = process.getuid?.() === 0 ? false : 'mounting a small file system needs root';
const EXIT_TIMEOUT_MS = 20_000;
const PUT_ALL_TIMEOUT_MS = 60_000;

/**
 * Puts `count` values at the first of the members, one after the other; returns the revision at which each was
 * acknowledged. What fails while a leader is replaced is put again.
 */
async function putMany(
  members: readonly MemberProcess[],
  prefix: string,
  count: number,
  bytes: number,
): Promise<Map<string, number>> {
  const channel = new GrpcChannel(members[0]!);
  const acknowledged = new Map<string, number>();
  const deadline = performance.now() + PUT_ALL_TIMEOUT_MS;
  for (let at = 0; at < count; ) {
    const key = `${prefix}${String(at).padStart(6, '0')}`;
    const answer = await channel.unary(PUT, putRequest(key, Buffer.alloc(bytes, 'v')));
    if (answer.status !== GRPC.unavailable || performance.now() > deadline) {
      acknowledged.set(key, revisionOf(answer));
      at++;
    }
  }
  channel.close();
  return acknowledged;
}

async function expectAll(
  member: MemberProcess,
  prefix: string,
  acknowledged: ReadonlyMap<string, number>,
): Promise<void> {
  const channel = new GrpcChannel(member);
  for (const [key, revision] of acknowledged) {
    const { values } = await range(channel, { key });
    assert.equal(values[0]?.modRevision, revision, `${member.name} has ${key}`);
  }
  const { count } = await range(channel, { key: prefix, rangeEnd: prefixEnd(prefix), countOnly: true });
  assert.ok(count >= acknowledged.size);
  channel.close();
}

/** A file system of its own, which goes with the test. */
function mountSmallDisk(directory: string, mebibytes: number): () => void {
  mkdirSync(directory);
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m`, 'tmpfs', directory]);
  return () => execFileSync('umount', ['--lazy', directory]);
}

describe('a full disk', { skip: needsRoot }, () => {
  const DISK_MIB = 400;
  const VALUE_BYTES = 512 * 1024;
  /** Enough to run the disk over from any state. */
  const VALUES = 120;
  const FREE_MIB_LEFT = 30;

  test('stops the member on it with a clear error; the others serve; it comes back once there is room', async () => {
    const place = mkdtempSync(join(tmpdir(), 'full-disk-'));
    const disk = join(place, 'disk');
    const unmount = mountSmallDisk(disk, DISK_MIB);
    const cluster = await Cluster.prepare({ dataDirectories: { m3: join(disk, 'data') } });
    try {
      await cluster.startAll();
      const [first, second, onSmallDisk] = cluster.members as [MemberProcess, MemberProcess, MemberProcess];
      const others = [first, second];
      const before = await putMany([onSmallDisk], 'before/', 20, 1_000);
      const filler = join(disk, 'filler');
      fillUpTo(filler, disk, FREE_MIB_LEFT);

      const during = await putMany(others, 'during/', VALUES, VALUE_BYTES);
      const { code } = await onSmallDisk.untilExit(EXIT_TIMEOUT_MS);
      assert.notEqual(code, 0);
      assert.match(onSmallDisk.logTail(), target.refusal.fullDisk);
      const after = await putMany(others, 'after/', 20, 1_000);
      for (const member of others) {
        await expectAll(member, 'before/', before);
        await expectAll(member, 'during/', during);
      }

      rmSync(filler);
      await onSmallDisk.start();
      await expectAll(onSmallDisk, 'before/', before);
      await expectAll(onSmallDisk, 'during/', during);
      await expectAll(onSmallDisk, 'after/', after);
    } finally {
      await cluster.destroy();
      unmount();
      rmSync(place, { recursive: true, force: true });
    }
  });

  function fillUpTo(file: string, disk: string, freeMebibytesLeft: number): void {
    const text = execFileSync('df', ['--output=avail', '--block-size=1M', disk], { encoding: 'utf8' });
    const available = Number(text.trim().split('\n').at(-1));
    assert.ok(
      available > freeMebibytesLeft,
      `only ${available} MiB are free: the disk is too small for this test`,
    );
    execFileSync('fallocate', ['--length', `${available - freeMebibytesLeft}MiB`, file]);
  }
});

describe('a data directory that cannot be written', { skip: needsRoot }, () => {
  test('is refused at the start, with a clear line and an exit code', async () => {
    const place = mkdtempSync(join(tmpdir(), 'read-only-'));
    const disk = join(place, 'disk');
    const unmount = mountSmallDisk(disk, 1);
    execFileSync('mount', ['-o', 'remount,ro', disk]);
    const cluster = await Cluster.prepare({ memberCount: 1, dataDirectories: { m1: join(disk, 'data') } });
    try {
      const member = cluster.members[0]!;
      member.spawn();
      const { code } = await member.untilExit(EXIT_TIMEOUT_MS);
      assert.notEqual(code, 0);
      assert.match(member.logTail(), target.refusal.unwritableDirectory);
    } finally {
      await cluster.destroy();
      unmount();
      rmSync(place, { recursive: true, force: true });
    }
  });
});

describe('a damaged journal', () => {
  let cluster: Cluster;
  after(() => cluster?.destroy());

  test('refuses to start rather than serve less than was acknowledged; the others are unharmed', async () => {
    cluster = await Cluster.start();
    const acknowledged = await putMany(cluster.members, 'kept/', 300, 1_000);
    const damaged = await cluster.follower();
    const others = cluster.members.filter((member) => member !== damaged);
    await damaged.stop();
    const { file, offset } = flipByteInTheMiddle(damaged.options.dataDir);

    damaged.spawn();
    const { code } = await damaged.untilExit(EXIT_TIMEOUT_MS);
    assert.notEqual(code, 0);
    assert.match(damaged.logTail(), target.refusal.damagedJournal, `byte ${offset} of ${file} was flipped`);
    for (const member of others) await expectAll(member, 'kept/', acknowledged);
    await putMany(others, 'later/', 20, 100);
  });

  /** In the middle of what was written; behind it the segment holds only the zeros of its preallocation. */
  function flipByteInTheMiddle(dataDir: string): { file: string; offset: number } {
    const files = globSync(target.journalGlob, { cwd: dataDir }).map((name) => join(dataDir, name));
    const file = files.sort((left, right) => writtenBytes(right) - writtenBytes(left))[0];
    assert.ok(file, `no journal file matches ${target.journalGlob} in ${dataDir}`);
    const bytes = readFileSync(file);
    const offset = Math.floor(writtenBytes(file) / 2);
    bytes[offset]! ^= 0xff;
    writeFileSync(file, bytes);
    return { file, offset };
  }

  function writtenBytes(file: string): number {
    const bytes = readFileSync(file);
    let end = statSync(file).size;
    while (end > 0 && bytes[end - 1] === 0) end--;
    return end;
  }
});
