/** `--wal-dir`: the journal in a directory of its own, and every way in which the two directories can be mixed up. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, unlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { StartFailure } from '../../src/member/start-failure.ts';
import { startMember } from '../../src/member/start-member.ts';
import { OWNER_FILE, PLACE_FILE } from '../../src/storage/journal-place.ts';
import { RecordedEvents } from '../recorded-events.ts';
import { EtcdClient } from './etcd-client.ts';
import { logInto, TEST_TUNING, TestCluster } from './test-cluster.ts';

const LIMIT = { timeout: 30_000 };

/** A member alone whose journal is to be beside its data. */
async function configured(context: TestContext): Promise<MemberConfig & { journalDirectory: string }> {
  const { members } = await TestCluster.create(context, { size: 1 });
  const { config } = members[0]!;
  return { ...config, journalDirectory: `${config.dataDirectory}-wal` };
}

/** Runs a member, does something with it, stops it. */
async function whileRunning(config: MemberConfig, act: (client: EtcdClient) => Promise<void>): Promise<void> {
  const member = await startMember(config, logInto(new RecordedEvents()), TEST_TUNING);
  const client = new EtcdClient(member.clientPorts[0]!);
  try {
    await member.ready;
    await act(client);
  } finally {
    client.close();
    await member.stop();
  }
}

const put = (config: MemberConfig): Promise<void> =>
  whileRunning(config, async (client) => {
    await client.put('key', 'value');
  });

const holdsKey = (config: MemberConfig): Promise<void> =>
  whileRunning(config, async (client) => assert.equal(await client.get('key'), 'value'));

async function refusalOf(config: MemberConfig): Promise<string> {
  try {
    await whileRunning(config, async () => {});
  } catch (error) {
    assert.ok(error instanceof StartFailure, `not a StartFailure: ${error}`);
    return error.message;
  }
  throw new Error('the member started');
}

const withoutJournalDirectory = ({ journalDirectory: _, ...config }: MemberConfig): MemberConfig => config;
const segments = (directory: string): string[] =>
  readdirSync(directory).filter((name) => name.endsWith('.log'));

test(
  'the journal is there and nowhere else, both directories are taken, and a restart finds it',
  LIMIT,
  async (t) => {
    const config = await configured(t);
    const { dataDirectory, journalDirectory } = config;
    await whileRunning(config, async (client) => {
      await client.put('key', 'value');
      assert.ok(segments(journalDirectory).length > 0);
      assert.ok(!existsSync(join(dataDirectory, 'journal')));
      for (const directory of [dataDirectory, journalDirectory])
        assert.ok(existsSync(join(directory, 'synod.pid')), directory);
      // Another member's data, this one's journal.
      assert.match(
        await refusalOf({ ...config, dataDirectory: `${dataDirectory}-other` }),
        /^the journal's directory .*-wal is in use by process \d+\. Stop that member, or give this one its own --wal-dir/,
      );
    });
    for (const directory of [dataDirectory, journalDirectory])
      assert.ok(!existsSync(join(directory, 'synod.pid')), directory);
    await holdsKey(config);
  },
);

test('without the flag, and with another directory: refused, with the one that it was', LIMIT, async (t) => {
  const config = await configured(t);
  const { dataDirectory, journalDirectory } = config;
  await put(config);
  const told = `the journal of ${dataDirectory} is in ${journalDirectory}, not in `;
  assert.equal(
    await refusalOf(withoutJournalDirectory(config)),
    `${told}${join(dataDirectory, 'journal')}. Start with --wal-dir ${journalDirectory}.`,
  );
  const other = `${journalDirectory}-2`;
  assert.ok((await refusalOf({ ...config, journalDirectory: other })).startsWith(`${told}${other}. Start`));
  assert.ok(!existsSync(join(dataDirectory, 'journal')));
  assert.deepEqual(readdirSync(other), []);
  await holdsKey(config);
});

test(
  'an empty directory where the journal was, as when a disk is not mounted: refused, and not filled',
  LIMIT,
  async (t) => {
    const config = await configured(t);
    const { journalDirectory } = config;
    await put(config);
    renameSync(journalDirectory, `${journalDirectory}-unmounted`);
    mkdirSync(journalDirectory);
    assert.match(await refusalOf(config), /has nothing of the journal of .*Is its disk mounted\?$/);
    assert.deepEqual(readdirSync(journalDirectory), []);
    rmSync(journalDirectory, { recursive: true });
    renameSync(`${journalDirectory}-unmounted`, journalDirectory);
    await holdsKey(config);
  },
);

test('the journal of another member, or for new data: refused, with whose it is', LIMIT, async (t) => {
  const first = await configured(t);
  const second = await configured(t);
  await put(first);
  await put(second);
  const fresh = { ...second, dataDirectory: `${second.dataDirectory}-fresh` };
  assert.ok(
    (await refusalOf({ ...fresh, journalDirectory: first.journalDirectory })).startsWith(
      `${first.journalDirectory} (--wal-dir) has the journal of ${first.dataDirectory}. Give`,
    ),
  );
  // As if the two disks had been mounted the wrong way round.
  const aside = `${first.journalDirectory}-aside`;
  renameSync(first.journalDirectory, aside);
  renameSync(second.journalDirectory, first.journalDirectory);
  renameSync(aside, second.journalDirectory);
  assert.match(await refusalOf(first), new RegExp(`has the journal of ${second.dataDirectory}\\. Give`));
});

test('data that was made without the flag does not get a journal by it', LIMIT, async (t) => {
  const config = await configured(t);
  await put(withoutJournalDirectory(config));
  assert.match(
    await refusalOf(config),
    /was made without --wal-dir, and its journal is in .*\/journal\. Leave/,
  );
  assert.deepEqual(readdirSync(config.journalDirectory), []);
  await holdsKey(withoutJournalDirectory(config));
});

test('a first start that ended between the two marks is no obstacle', LIMIT, async (t) => {
  const config = await configured(t);
  await put(config);
  for (const name of segments(config.journalDirectory)) unlinkSync(join(config.journalDirectory, name));
  rmSync(config.dataDirectory, { recursive: true });
  assert.ok(existsSync(join(config.journalDirectory, OWNER_FILE)));
  await put(config);
  assert.ok(existsSync(join(config.dataDirectory, PLACE_FILE)));
  await holdsKey(config);
});

test('a state whose journal was deleted is not served with a new one', LIMIT, async (t) => {
  const { journalDirectory: _, ...config } = await configured(t);
  await put(config);
  rmSync(join(config.dataDirectory, 'journal'), { recursive: true });
  for (let attempt = 1; attempt <= 2; attempt++)
    assert.match(await refusalOf(config), /its journal is gone: .*Put the journal's files back/);
  assert.ok(!existsSync(join(config.dataDirectory, 'journal')));
});
