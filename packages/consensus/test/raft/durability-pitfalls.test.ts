/** Pitfalls of durability, one test each: what a completed write vouches for, and what waits for it. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ticket } from '../../src/core/numbers.ts';
import { acknowledge, append, row, term } from './made-messages.ts';
import { coreWith, give, hear, makeDurable, tickUntilCampaign } from './single-core.ts';

test('pitfall 24 a late completion vouches for nothing that was written after it', () => {
  const core = coreWith({ log: [1] });
  hear(
    core,
    2,
    append({
      term: 1,
      prev: [1, 1],
      entries: row(1, 2, 3),
    }),
  );
  const late = ticket(core.state.outbox.lastTicket);
  hear(
    core,
    3,
    append({
      term: 2,
      prev: [1, 1],
      entries: row(2, 2, 3),
      commit: 3,
    }),
  );
  const effects = give(core, { kind: 'durable', ticket: late });
  assert.equal(core.state.writes.durableIndex, 1);
  assert.deepEqual(
    effects.flatMap((effect) => (effect.kind === 'apply' ? effect.entries.map(({ index }) => index) : [])),
    [],
    'and none of it is applied',
  );
  makeDurable(core);
  assert.equal(core.state.writes.durableIndex, 3);
});

test('pitfall 25 votes and acknowledgements wait for the write they speak of', () => {
  const core = coreWith({ log: [1] });
  const [write, answer] = hear(core, 2, append({ term: 1, prev: [1, 1], entries: [[2, 1]] }));
  assert.ok(write?.kind === 'write' && answer?.kind === 'send');
  assert.equal(answer.after, write.ticket);
  // Again, before that write is done: nothing new to write, and still something to wait for.
  const [again] = hear(core, 2, append({ term: 1, prev: [1, 1], entries: [[2, 1]] }));
  assert.ok(again?.kind === 'send');
  assert.equal(again.after, write.ticket);
});

test('pitfall 25 R8 a leader counts its own log, and a candidate its own vote, only when durable', () => {
  const core = coreWith({ voters: [1, 2], preVote: false });
  tickUntilCampaign(core);
  hear(core, 2, { kind: 'voteResponse', term: term(1), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  assert.equal(core.status().role, 'leader');
  hear(core, 2, acknowledge(1, 1));
  assert.equal(core.status().commitIndex, 0);
  makeDurable(core);
  assert.equal(core.status().commitIndex, 1);
});

test('pitfall 25 pitfall 39 a vote does not count by the completion of an earlier write, in a cluster of one either', () => {
  const core = coreWith({ voters: [1], preVote: false });
  tickUntilCampaign(core);
  makeDurable(core);
  makeDurable(core);
  give(core, { kind: 'propose', payloads: [new Uint8Array(1)] });
  give(core, { kind: 'propose', payloads: [new Uint8Array(1)] });
  const second = ticket(core.state.outbox.lastTicket);
  give(core, { kind: 'stalled' });
  give(core, { kind: 'tick' });
  give(core, { kind: 'durable', ticket: ticket(second - 1) });
  tickUntilCampaign(core);
  assert.equal(core.status().epoch, 2);
  give(core, { kind: 'durable', ticket: second });
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  assert.equal(core.status().role, 'leader');
});
