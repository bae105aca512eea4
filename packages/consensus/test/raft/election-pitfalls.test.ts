/** Pitfalls of elections and their timers, one test each. docs/spec/raft.md has the list. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeHardState } from '../../src/raft/hard-state.ts';
import type { RaftMessage } from '../../src/raft/messages.ts';
import { idOf } from '../harness/member-names.ts';
import { append, at, term } from './made-messages.ts';
import { coreWith, give, hear, makeDurable, messagesOf, tickUntilCampaign } from './single-core.ts';

test('pitfall 5 R13 a pre-vote, granted or not, changes no term, vote, write or timer', () => {
  const core = coreWith({ log: [1, 1] });
  give(core, { kind: 'tick' });
  give(core, { kind: 'tick' });
  const { electionElapsedTicks, electionDeadlineTicks } = core.state;
  for (const lastIndex of [5, 1]) {
    const effects = hear(core, 2, {
      kind: 'preVoteRequest',
      term: term(7),
      campaign: 3,
      lastIndex: at(lastIndex),
      lastEpoch: term(1),
    });
    assert.deepEqual(effects, [
      {
        kind: 'send',
        to: idOf(2),
        message: {
          kind: 'preVoteResponse',
          term: 1,
          campaign: 3,
          granted: lastIndex === 5,
          fresherLog: lastIndex === 5 ? undefined : { index: 2, epoch: 1 },
        },
        after: 0,
      },
    ]);
  }
  assert.equal(core.status().epoch, 1);
  assert.equal(core.state.vote, undefined);
  assert.equal(core.state.electionElapsedTicks, electionElapsedTicks);
  assert.equal(core.state.electionDeadlineTicks, electionDeadlineTicks);
});

test('pitfall 6 R14 pre-votes and votes of earlier campaigns count in no other', () => {
  const core = coreWith({ log: [1] });
  tickUntilCampaign(core);
  const first = core.state.campaign;
  for (let i = 0; i < 5; i++) give(core, { kind: 'tick' });
  assert.notEqual(core.state.campaign, first, 'a second pre-campaign has begun');
  const grant = (campaign: number): RaftMessage => ({
    kind: 'preVoteResponse',
    term: term(1),
    campaign,
    granted: true,
    fresherLog: undefined,
  });
  hear(core, 2, grant(first));
  assert.equal(core.status().role, 'preCandidate');
  hear(core, 2, grant(core.state.campaign));
  assert.equal(core.status().role, 'candidate');
  makeDurable(core);
  hear(core, 3, { ...grant(core.state.campaign), term: term(2) } as RaftMessage);
  assert.equal(core.status().role, 'candidate', 'a pre-vote is no vote');
  hear(core, 3, { kind: 'voteResponse', term: term(1), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'candidate', 'a vote of an earlier term is none');
  hear(core, 3, { kind: 'voteResponse', term: term(2), granted: true, fresherLog: undefined });
  assert.equal(core.status().role, 'leader');
});

test('pitfall 8 a follower that hears its leader helps nobody to replace it, and joins no newer term over it', () => {
  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  const last = { lastIndex: at(9), lastEpoch: term(1) };
  assert.deepEqual(hear(core, 3, { kind: 'voteRequest', term: term(5), ...last, transfer: false }), []);
  assert.equal(core.status().epoch, 1);
  const asked = hear(core, 3, { kind: 'preVoteRequest', term: term(5), campaign: 1, ...last });
  assert.deepEqual(messagesOf(asked), [
    { kind: 'preVoteResponse', term: 1, campaign: 1, granted: false, fresherLog: undefined },
  ]);
});

test('pitfall 17 R2 stepping down in the same term keeps the vote', () => {
  const core = coreWith({ preVote: false });
  tickUntilCampaign(core);
  hear(core, 2, append({ term: 1, prev: [0, 0] }));
  assert.equal(core.status().role, 'follower');
  give(core, { kind: 'stalled' });
  const effects = hear(core, 3, {
    kind: 'voteRequest',
    term: term(1),
    lastIndex: at(9),
    lastEpoch: term(1),
    transfer: false,
  });
  assert.deepEqual(messagesOf(effects), [
    { kind: 'voteResponse', term: 1, granted: false, fresherLog: undefined },
  ]);
});

test('pitfall 18 R2 term and vote are written as one record', () => {
  const core = coreWith({ log: [1] });
  const [write, vote] = hear(core, 2, {
    kind: 'voteRequest',
    term: term(4),
    lastIndex: at(1),
    lastEpoch: term(1),
    transfer: false,
  });
  assert.ok(write?.kind === 'write');
  assert.equal(write.records.length, 1);
  const [record] = write.records;
  assert.ok(record?.kind === 'hardState');
  assert.deepEqual(decodeHardState(record.state), { term: 4, vote: idOf(2) });
  assert.ok(vote?.kind === 'send' && vote.after === write.ticket);
});

test('pitfall 37 after a stall a follower waits a whole timeout again', () => {
  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  for (let i = 0; i < 4; i++) give(core, { kind: 'tick' });
  give(core, { kind: 'stalled' });
  for (let i = 0; i < 4; i++) give(core, { kind: 'tick' });
  assert.equal(core.status().role, 'follower');
  give(core, { kind: 'tick' });
  assert.equal(core.status().role, 'preCandidate');
});

test('pitfall 38 the election timeout is drawn anew at every try', () => {
  const draws = [0, 0, 0, 0.99, 0.5, 0.2];
  const core = coreWith({ log: [1], random: () => draws.shift() ?? 0 });
  const tries: number[] = [];
  for (let ticks = 1; tries.length < 3; ticks++) {
    const { campaign } = core.state;
    give(core, { kind: 'tick' });
    if (core.state.campaign === campaign) continue;
    tries.push(ticks);
    ticks = 0;
  }
  assert.deepEqual(tries, [5, 9, 7]);
});

test('R13 R20 a broken link to the leader shortens the wait to its random part, and nothing else', () => {
  const ticksUntilCampaign = (draw: number, input?: 'unreachable'): number => {
    const core = coreWith({ log: [1], random: () => draw });
    hear(core, 2, append({ term: 1, prev: [1, 1] }));
    if (input !== undefined) assert.deepEqual(give(core, { kind: input, peer: idOf(2) }), []);
    let ticks = 0;
    while (core.status().role === 'follower') {
      give(core, { kind: 'tick' });
      ticks++;
    }
    return ticks;
  };
  // The timeout is 5 ticks and a random part of up to 5 more.
  assert.deepEqual([ticksUntilCampaign(0.4), ticksUntilCampaign(0.4, 'unreachable')], [7, 2]);
  assert.deepEqual([ticksUntilCampaign(0), ticksUntilCampaign(0, 'unreachable')], [5, 1]);

  const core = coreWith({ log: [1] });
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  give(core, { kind: 'unreachable', peer: idOf(3) });
  assert.equal(core.state.electionElapsedTicks, 0, 'only the leader counts');
  give(core, { kind: 'unreachable', peer: idOf(2) });
  assert.deepEqual([core.status().leader, core.status().role], [idOf(2), 'follower']);
  hear(core, 2, append({ term: 1, prev: [1, 1] }));
  assert.equal(core.state.electionElapsedTicks, 0, 'a leader that is heard again is followed as before');
});
