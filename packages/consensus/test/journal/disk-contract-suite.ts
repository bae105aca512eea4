/** What every Disk promises, whoever implements it: run on the memory one here and on the Node one in the server. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DiskFailure } from '../../src/journal/disk-failure.ts';
import type { Disk, DiskCallback, DiskError } from '../../src/replica/ports.ts';

export interface DiskUnderTest {
  readonly disk: Disk;
  /** Lets what was begun complete; needed by disks that wait for their owner. */
  settle(): void;
  close(): void;
}

/** The outcome of one operation. */
function outcome(under: DiskUnderTest, begin: (done: DiskCallback) => void): Promise<DiskError | undefined> {
  const promise = new Promise<DiskError | undefined>((resolve) => begin(resolve));
  under.settle();
  return promise;
}

async function succeeds(under: DiskUnderTest, begin: (done: DiskCallback) => void): Promise<void> {
  assert.equal(await outcome(under, begin), undefined);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const text = (read: Uint8Array): string => new TextDecoder().decode(read);

export function diskContractSuite(name: string, make: () => DiskUnderTest): void {
  const contract = (title: string, body: (under: DiskUnderTest) => Promise<void>) =>
    test(`${name}: ${title}`, async () => {
      const under = make();
      try {
        await body(under);
      } finally {
        under.close();
      }
    });

  contract('an absent directory lists nothing, an absent file has no size', async ({ disk }) => {
    assert.deepEqual(disk.list('journal'), []);
    assert.equal(disk.size('journal/a'), undefined);
  });

  contract('create makes zeros and a name, and refuses a second time', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('journal/b', 5000, done));
    await succeeds(under, (done) => disk.create('journal/a', 0, done));
    assert.deepEqual(disk.list('journal'), ['a', 'b']);
    assert.equal(disk.size('journal/b'), 5000);
    assert.deepEqual(disk.read('journal/b', 0, 5000), new Uint8Array(5000));
    assert.equal((await outcome(under, (done) => disk.create('journal/b', 1, done)))?.kind, 'exists');
  });

  contract('writes land at their offsets, join their chunks and extend the file', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('a', 4, done));
    await succeeds(under, (done) => disk.writeDurably('a', 2, [bytes('xy'), bytes(''), bytes('z')], done));
    await succeeds(under, (done) => disk.write('a', 0, [bytes('ab')], done));
    await succeeds(under, (done) => disk.sync('a', done));
    assert.equal(text(disk.read('a', 0, 100)), 'abxyz');
    assert.equal(text(disk.read('a', 3, 1)), 'y');
    assert.equal(disk.read('a', 5, 10).length, 0);
  });

  contract('operations on one file complete in the order of their calls', async (under) => {
    const { disk } = under;
    const order: string[] = [];
    const note = (step: string) => (error: DiskError | undefined) => {
      assert.equal(error, undefined);
      order.push(step);
    };
    disk.create('a', 8, note('create'));
    disk.write('a', 0, [bytes('one')], note('first'));
    disk.writeDurably('a', 0, [bytes('two')], note('second'));
    await succeeds(under, (done) => disk.write('a', 0, [bytes('six')], done));
    assert.deepEqual(order.slice(0, 2), ['create', 'first']);
    await succeeds(under, (done) => disk.sync('a', done));
    assert.deepEqual(new Set(order), new Set(['create', 'first', 'second']));
  });

  contract('rename replaces, and the bytes written afterwards go to the new name', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('snapshot/a.part', 0, done));
    await succeeds(under, (done) => disk.write('snapshot/a.part', 0, [bytes('new')], done));
    await succeeds(under, (done) => disk.create('snapshot/a', 3, done));
    await succeeds(under, (done) => disk.rename('snapshot/a.part', 'snapshot/a', done));
    assert.deepEqual(disk.list('snapshot'), ['a']);
    await succeeds(under, (done) => disk.writeDurably('snapshot/a', 3, [bytes('er')], done));
    assert.equal(text(disk.read('snapshot/a', 0, 10)), 'newer');
  });

  contract('a rename to the same name succeeds and changes nothing', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('journal/a', 3, done));
    await succeeds(under, (done) => disk.rename('journal/a', 'journal/a', done));
    assert.deepEqual(disk.list('journal'), ['a']);
  });

  contract('truncate cuts', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('a', 0, done));
    await succeeds(under, (done) => disk.write('a', 0, [bytes('abcdef')], done));
    await succeeds(under, (done) => disk.truncate('a', 2, done));
    assert.equal(text(disk.read('a', 0, 10)), 'ab');
  });

  contract('remove takes the name away, and what is not there is no error', async (under) => {
    const { disk } = under;
    await succeeds(under, (done) => disk.create('a', 10, done));
    await succeeds(under, (done) => disk.remove('a', done));
    await succeeds(under, (done) => disk.remove('a', done));
    assert.equal(disk.size('a'), undefined);
    await succeeds(under, (done) => disk.create('a', 1, done));
    assert.equal(disk.size('a'), 1);
  });

  contract('reading an absent file throws a DiskFailure with the facts', async ({ disk }) => {
    assert.throws(
      () => disk.read('none', 0, 1),
      (error: unknown) => error instanceof DiskFailure && error.diskError.path === 'none',
    );
  });
}
