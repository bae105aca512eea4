/** When and up to where members compact by themselves, in simulated time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { revision } from '@synod/coordination';
import { AutoCompaction, type AutoCompactionPlan } from '../../src/service/auto-compaction.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** A member whose revision rises by 100 a minute. Compactions are told as `minute: revision`. */
class Keyspace {
  minute = 0;
  leads = true;
  /** What the next compactions come to. */
  succeeds = true;
  readonly compactions: string[] = [];
  private readonly compaction: AutoCompaction;

  constructor(plan: AutoCompactionPlan) {
    this.compaction = new AutoCompaction({
      plan,
      nowMs: () => this.minute * MINUTE_MS,
      leads: () => this.leads,
      revision: () => revision(1 + this.minute * 100),
      compact: (upTo, done) => {
        this.compactions.push(`${this.minute}: ${upTo}${this.succeeds ? '' : ' failed'}`);
        done(this.succeeds);
      },
    });
  }

  runTo(minute: number): string[] {
    this.compactions.length = 0;
    while (this.minute < minute) {
      this.minute++;
      this.compaction.tick();
    }
    return [...this.compactions];
  }
}

describe('by time', () => {
  test('a period of ten hours: first after all of it, then every hour, and always what is ten hours old', () => {
    const keyspace = new Keyspace({ kind: 'periodic', periodMs: 10 * HOUR_MS });
    assert.deepEqual(keyspace.runTo(600), ['600: 1']);
    assert.deepEqual(keyspace.runTo(730), ['660: 6001', '720: 12001']);
  });

  test('a period of half an hour: every half hour', () => {
    const keyspace = new Keyspace({ kind: 'periodic', periodMs: 30 * MINUTE_MS });
    assert.deepEqual(keyspace.runTo(100), ['30: 1', '60: 3001', '90: 6001']);
  });

  test('one that fails is tried again a tenth of the interval later', () => {
    const keyspace = new Keyspace({ kind: 'periodic', periodMs: HOUR_MS });
    keyspace.succeeds = false;
    assert.deepEqual(keyspace.runTo(66), ['60: 1 failed', '66: 601 failed']);
    keyspace.succeeds = true;
    assert.deepEqual(keyspace.runTo(140), ['72: 1201', '132: 7201']);
  });

  test('a follower notes revisions and compacts nothing; once it leads it compacts what is old enough', () => {
    const keyspace = new Keyspace({ kind: 'periodic', periodMs: HOUR_MS });
    keyspace.leads = false;
    assert.deepEqual(keyspace.runTo(200), []);
    keyspace.leads = true;
    assert.deepEqual(keyspace.runTo(210), ['204: 14401']);
  });

  test('a keyspace that does not change is compacted once', () => {
    const keyspace = new Keyspace({ kind: 'revision', revisions: 0 });
    assert.deepEqual(keyspace.runTo(5), ['5: 501']);
    const still = new AutoCompaction({
      plan: { kind: 'periodic', periodMs: HOUR_MS },
      nowMs: () => keyspace.minute * MINUTE_MS,
      leads: () => true,
      revision: () => revision(7),
      compact: (upTo, done) => {
        keyspace.compactions.push(`${upTo}`);
        done(true);
      },
    });
    keyspace.compactions.length = 0;
    for (; keyspace.minute < 500; keyspace.minute++) still.tick();
    assert.deepEqual(keyspace.compactions, ['7']);
  });
});

describe('by revisions', () => {
  test('every five minutes, all but the last ones', () => {
    const keyspace = new Keyspace({ kind: 'revision', revisions: 1000 });
    assert.deepEqual(keyspace.runTo(21), ['10: 1', '15: 501', '20: 1001']);
  });

  test('nothing while there are not that many, nor by a follower', () => {
    const keyspace = new Keyspace({ kind: 'revision', revisions: 100_000 });
    assert.deepEqual(keyspace.runTo(500), []);
    const follower = new Keyspace({ kind: 'revision', revisions: 10 });
    follower.leads = false;
    assert.deepEqual(follower.runTo(500), []);
  });
});
