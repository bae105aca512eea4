/** Passwords are hashed and compared beside the main loop (A14). */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { PasswordHasher, type PasswordHasherOptions } from '../../src/passwords/password-hasher.ts';

const LIMIT = { timeout: 20_000 };

function hasherOf(t: TestContext, options: Partial<PasswordHasherOptions> = {}): PasswordHasher {
  const hasher = new PasswordHasher({ cost: 4, ...options });
  t.after(() => hasher.stop());
  return hasher;
}

const hash = (hasher: PasswordHasher, password: string): Promise<string | undefined> =>
  new Promise((resolve) => hasher.hash(password, resolve));
const matches = (
  hasher: PasswordHasher,
  password: string,
  of: string | undefined,
): Promise<boolean | undefined> => new Promise((resolve) => hasher.matches(password, of, resolve));

test('a password matches its hash, and nothing else does', LIMIT, async (t) => {
  const hasher = hasherOf(t);
  const made = await hash(hasher, 'pässword');
  assert.match(made!, /^\$2[aby]\$04\$/);
  assert.equal(await matches(hasher, 'pässword', made), true);
  assert.equal(await matches(hasher, 'password', made), false);
  assert.equal(await matches(hasher, '', made), false);
  // Made by a real etcd, of the password "x": hashes move between the two.
  const foreign = '$2a$10$cEYUKMwkAubxNa.BMewmHOmOdg.bhGj0.E4DUIVGIADsn2RUtTEgu';
  assert.equal(await matches(hasher, 'x', foreign), true);
});

test('A7 nobody’s password matches nothing, and takes the time of one that does not', LIMIT, async (t) => {
  const hasher = hasherOf(t);
  for (const password of ['', 'x', '.'.repeat(53)])
    assert.equal(await matches(hasher, password, undefined), false);
});

test('A14 the main loop turns while passwords are hashed', LIMIT, async (t) => {
  // A cost at which one hash alone takes far longer than the loop's turns beside it.
  const hasher = hasherOf(t, { cost: 10, workersMax: 1 });
  await hash(hasher, 'first, so that the worker is there');
  let turns = 0;
  let over = false;
  const turn = (): void => {
    turns++;
    if (!over) setImmediate(turn);
  };
  turn();
  await hash(hasher, 'second');
  over = true;
  assert.ok(turns > 100, `${turns} turns`);
});

test('A14 who asks for too many is refused, and the others are answered', LIMIT, async (t) => {
  const hasher = hasherOf(t, { workersMax: 1, waitingMax: 2 });
  const answers = await Promise.all(Array.from({ length: 5 }, (_, i) => hash(hasher, `${i}`)));
  // One is at the worker, two wait.
  assert.deepEqual(
    answers.map((answer) => answer !== undefined),
    [true, true, true, false, false],
  );
});

test('what waits when the hasher stops comes to nothing, and is told so', LIMIT, async (t) => {
  const hasher = hasherOf(t, { workersMax: 1 });
  const waiting = [hash(hasher, 'a'), hash(hasher, 'b')];
  await hasher.stop();
  assert.deepEqual(await Promise.all(waiting), [undefined, undefined]);
  assert.equal(await hash(hasher, 'c'), undefined);
});

test(
  'a task that a worker dies of comes to nothing, and the next one finds another worker',
  LIMIT,
  async (t) => {
    const hasher = hasherOf(t, { workersMax: 1 });
    assert.equal(await matches(hasher, 'x', 7 as unknown as string), undefined);
    assert.match((await hash(hasher, 'x'))!, /^\$2/);
  },
);
