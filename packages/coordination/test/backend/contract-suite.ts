/** What every Backend must do. Each implementation runs the whole suite. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Backend, type ScanOptions, TABLE } from '@synod/coordination';
import fc from 'fast-check';

export interface BackendUnderTest {
  readonly backend: Backend;
  /** Opens what survives if the power goes now; the old backend must not be used again. */
  powerCut(): Promise<BackendUnderTest>;
  dispose(): Promise<void>;
}

const text = new TextEncoder();
const bytes = (word: string): Uint8Array => text.encode(word);
const word = (value: Uint8Array | undefined): string | undefined =>
  value === undefined ? undefined : new TextDecoder().decode(value);

function rows(reader: Pick<Backend, 'scan'>, options: ScanOptions = {}): string[] {
  return [...reader.scan(TABLE.revisions, options)].map((row) => `${word(row.key)}=${word(row.value)}`);
}

const commit = (backend: Backend): Promise<void> =>
  new Promise((resolve, reject) =>
    backend.commit((error) => (error === undefined ? resolve() : reject(error))),
  );

function defragment(backend: Backend): Promise<Error | undefined> {
  return new Promise((resolve) => backend.defragment(resolve));
}

export function backendContract(name: string, create: () => Promise<BackendUnderTest>): void {
  const check = (title: string, body: (subject: BackendUnderTest) => Promise<BackendUnderTest>): void => {
    test(`${name}: ${title}`, async () => {
      const end = await body(await create());
      await end.dispose();
    });
  };

  check('a row is read back at once, before and after it is committed', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    assert.equal(word(backend.get(TABLE.revisions, bytes('a'))), '1');
    await commit(backend);
    assert.equal(word(backend.get(TABLE.revisions, bytes('a'))), '1');
    assert.equal(backend.get(TABLE.revisions, bytes('b')), undefined);
    assert.equal(backend.get(TABLE.leases, bytes('a')), undefined, 'tables are apart');
    return subject;
  });

  check('rows are pending until a commit made them durable', async (subject) => {
    const { backend } = subject;
    assert.equal(backend.pendingRows, 0);
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    backend.put(TABLE.leases, bytes('b'), bytes('2'));
    assert.equal(backend.pendingRows, 2);
    await commit(backend);
    assert.equal(backend.pendingRows, 0);
    return subject;
  });

  check('a row that was taken away is gone, whether it was committed or not', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    await commit(backend);
    backend.remove(TABLE.revisions, bytes('a'));
    backend.put(TABLE.revisions, bytes('c'), bytes('3'));
    backend.remove(TABLE.revisions, bytes('c'));
    assert.deepEqual(rows(backend), ['b=2']);
    assert.equal(backend.get(TABLE.revisions, bytes('a')), undefined);
    await commit(backend);
    assert.deepEqual(rows(backend), ['b=2']);
    return subject;
  });

  check(
    'a scan gives rows in byte order, within its bounds, either way, up to its limit',
    async (subject) => {
      const { backend } = subject;
      for (const key of ['b', 'd', 'f']) backend.put(TABLE.revisions, bytes(key), bytes(key));
      await commit(backend);
      for (const key of ['g', 'a', 'e']) backend.put(TABLE.revisions, bytes(key), bytes(key));
      backend.put(TABLE.revisions, bytes('d'), bytes('D'));
      backend.remove(TABLE.revisions, bytes('f'));
      backend.put(TABLE.leases, bytes('c'), bytes('other table'));
      assert.deepEqual(rows(backend), ['a=a', 'b=b', 'd=D', 'e=e', 'g=g']);
      assert.deepEqual(rows(backend, { from: bytes('b'), to: bytes('g') }), ['b=b', 'd=D', 'e=e']);
      assert.deepEqual(rows(backend, { from: bytes('b'), to: bytes('g'), reverse: true }), [
        'e=e',
        'd=D',
        'b=b',
      ]);
      assert.deepEqual(rows(backend, { limit: 2 }), ['a=a', 'b=b']);
      assert.deepEqual(rows(backend, { from: bytes('e'), limit: 2 }), ['e=e', 'g=g']);
      assert.deepEqual(rows(backend, { reverse: true, limit: 2 }), ['g=g', 'e=e']);
      return subject;
    },
  );

  check('a view does not see what is written after it, committed or not', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    await commit(backend);
    backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    const view = backend.view();
    backend.put(TABLE.revisions, bytes('a'), bytes('9'));
    backend.remove(TABLE.revisions, bytes('b'));
    backend.put(TABLE.revisions, bytes('c'), bytes('3'));
    await commit(backend);
    assert.deepEqual(rows(view), ['a=1', 'b=2']);
    assert.equal(word(view.get(TABLE.revisions, bytes('a'))), '1');
    assert.equal(view.get(TABLE.revisions, bytes('c')), undefined);
    view.close();
    assert.deepEqual(rows(backend), ['a=9', 'c=3']);
    return subject;
  });

  check('S8 a power cut leaves what was committed, all of it and nothing else', async (subject) => {
    subject.backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    subject.backend.put(TABLE.meta, bytes('index'), bytes('7'));
    await commit(subject.backend);
    subject.backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    subject.backend.put(TABLE.meta, bytes('index'), bytes('8'));
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['a=1']);
    assert.equal(word(after.backend.get(TABLE.meta, bytes('index'))), '7');
    return after;
  });

  check('S8 a commit holds what was written before it was asked for, and nothing later', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    const first = commit(backend);
    backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    const second = commit(backend);
    // A row that belongs to the next commit, with its own applied index, must not slip into one that waits.
    backend.put(TABLE.revisions, bytes('c'), bytes('3'));
    backend.remove(TABLE.revisions, bytes('a'));
    await Promise.all([first, second]);
    assert.deepEqual(rows(backend), ['b=2', 'c=3']);
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['a=1', 'b=2']);
    return after;
  });

  check('a row is there in the very callback of its commit, and stays what it was', async (subject) => {
    const { backend } = subject;
    const kept: (Uint8Array | undefined)[] = [];
    for (let round = 0; round < 50; round++) {
      backend.put(TABLE.revisions, bytes('same'), bytes(`value ${round}`));
      backend.get(TABLE.revisions, bytes('same'));
      await new Promise<void>((resolve) =>
        backend.commit(() => {
          kept.push(backend.get(TABLE.revisions, bytes('same')));
          resolve();
        }),
      );
    }
    // The caller may keep the bytes of what it read, whatever is read and written afterwards.
    assert.deepEqual(
      kept.map(word),
      kept.map((_, round) => `value ${round}`),
    );
    for (let i = 0; i < 50; i++) backend.put(TABLE.leases, bytes(`k${i}`), bytes(`v${i}`.repeat(20)));
    await commit(backend);
    const scanned = [...backend.scan(TABLE.leases, {})];
    await commit(backend);
    assert.deepEqual(
      scanned.map((row) => word(row.value)),
      scanned.map((row) => word(row.key)!.replace('k', 'v').repeat(20)),
    );
    return subject;
  });

  check('a view outlives commits and the replacement of what it shows', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    await commit(backend);
    backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    const view = backend.view();
    const replacement = backend.beginReplace();
    replacement.put(TABLE.revisions, bytes('new'), bytes('3'));
    await new Promise<void>((resolve) => replacement.finish(() => resolve()));
    backend.put(TABLE.revisions, bytes('more'), bytes('4'));
    await commit(backend);
    assert.deepEqual(rows(view), ['a=1', 'b=2']);
    view.close();
    assert.deepEqual(rows(backend), ['more=4', 'new=3']);
    return subject;
  });

  check(
    'S8 a defragmentation loses nothing: not what is pending, nor what is committed meanwhile',
    async (subject) => {
      const { backend } = subject;
      for (let round = 0; round < 3; round++) {
        for (let i = 0; i < 50; i++) backend.put(TABLE.leases, bytes(`k${i}`), new Uint8Array(10_000));
        await commit(backend);
        for (let i = 0; i < 50; i++) backend.remove(TABLE.leases, bytes(`k${i}`));
        backend.put(TABLE.revisions, bytes(`a${round}`), bytes('1'));
        const before = commit(backend);
        backend.put(TABLE.revisions, bytes(`b${round}`), bytes('2'));
        const done = [defragment(backend), defragment(backend)];
        backend.put(TABLE.revisions, bytes(`c${round}`), bytes('3'));
        const view = backend.view();
        const during = commit(backend);
        backend.put(TABLE.revisions, bytes('d'), bytes(`${round}`));
        assert.equal(word(backend.get(TABLE.revisions, bytes(`c${round}`))), '3');
        assert.deepEqual(await Promise.all(done), [undefined, undefined]);
        await Promise.all([before, during]);
        assert.equal(word(view.get(TABLE.revisions, bytes(`c${round}`))), '3');
        view.close();
      }
      await commit(backend);
      const after = await subject.powerCut();
      assert.deepEqual(
        rows(after.backend),
        [...'abc']
          .flatMap((name) => [0, 1, 2].map((round) => `${name}${round}=${'abc'.indexOf(name) + 1}`))
          .concat('d=2'),
      );
      return after;
    },
  );

  check('a store that is replaced while it is defragmented is the new one', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    await commit(backend);
    const defragmented = defragment(backend);
    const replacement = backend.beginReplace();
    replacement.put(TABLE.revisions, bytes('new'), bytes('2'));
    await new Promise<void>((resolve) => replacement.finish(() => resolve()));
    assert.equal(await defragmented, undefined);
    backend.put(TABLE.revisions, bytes('more'), bytes('3'));
    await commit(backend);
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['more=3', 'new=2']);
    return after;
  });

  check('commits that were asked for before a replacement end, and do not touch it', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('a'), bytes('1'));
    const first = commit(backend);
    backend.put(TABLE.revisions, bytes('b'), bytes('2'));
    const second = commit(backend);
    backend.put(TABLE.revisions, bytes('c'), bytes('3'));
    const replacement = backend.beginReplace();
    replacement.put(TABLE.revisions, bytes('new'), bytes('4'));
    const replaced = new Promise<void>((resolve) => replacement.finish(() => resolve()));
    await Promise.all([first, second, replaced]);
    assert.deepEqual(rows(backend), ['new=4']);
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['new=4']);
    return after;
  });

  check('S5 a replacement takes the place of everything at once, and lasts', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('old'), bytes('1'));
    await commit(backend);
    const replacement = backend.beginReplace();
    replacement.put(TABLE.revisions, bytes('new'), bytes('2'));
    assert.deepEqual(rows(backend), ['old=1'], 'until it is finished');
    const done = new Promise<void>((resolve, reject) =>
      replacement.finish((error) => (error === undefined ? resolve() : reject(error))),
    );
    assert.deepEqual(rows(backend), ['new=2'], 'as soon as it is finished');
    await done;
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['new=2']);
    after.backend.put(TABLE.revisions, bytes('more'), bytes('3'));
    await commit(after.backend);
    assert.deepEqual(rows(after.backend), ['more=3', 'new=2']);
    return after;
  });

  check('a replacement that was aborted leaves no trace', async (subject) => {
    const { backend } = subject;
    backend.put(TABLE.revisions, bytes('old'), bytes('1'));
    await commit(backend);
    const replacement = backend.beginReplace();
    replacement.put(TABLE.revisions, bytes('new'), bytes('2'));
    replacement.abort();
    assert.deepEqual(rows(backend), ['old=1']);
    const after = await subject.powerCut();
    assert.deepEqual(rows(after.backend), ['old=1']);
    return after;
  });

  check('any sequence of writes and commits reads as a sorted map would', async (subject) => {
    const { backend } = subject;
    const model = new Map<string, string>();
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('put' as const),
        key: fc.string({ minLength: 1, maxLength: 3 }),
        value: fc.string({ maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant('remove' as const), key: fc.string({ minLength: 1, maxLength: 3 }) }),
      fc.record({ kind: fc.constant('commit' as const) }),
    );
    const run = fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      for (const action of steps) {
        if (action.kind === 'commit') await commit(backend);
        else if (action.kind === 'remove') {
          backend.remove(TABLE.revisions, bytes(action.key));
          model.delete(action.key);
        } else {
          backend.put(TABLE.revisions, bytes(action.key), bytes(action.value));
          model.set(action.key, action.value);
        }
      }
      const expected = [...model.keys()].sort((a, b) => Buffer.compare(bytes(a), bytes(b)));
      assert.deepEqual(
        rows(backend),
        expected.map((key) => `${key}=${model.get(key)}`),
      );
    });
    await fc.assert(run, { seed: 1, numRuns: 30 });
    return subject;
  });
}
