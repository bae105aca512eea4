/** Durations as Go reads them, and the word that was meant. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { closestWord } from '../../src/config/closest-word.ts';
import { parseDuration } from '../../src/config/durations.ts';

test('durations', () => {
  const readings: readonly (readonly [text: string, milliseconds: number | undefined])[] = [
    ['0', 0],
    ['0s', 0],
    ['300ms', 300],
    ['5s', 5_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    ['.5s', 500],
    ['+2m', 120_000],
    ['1500us', 1.5],
    ['1500µs', 1.5],
    ['2000000ns', 2],
    ['1m0.5s', 60_500],
    ['', undefined],
    ['5', undefined],
    ['-5s', undefined],
    ['5 s', undefined],
    ['5d', undefined],
    ['s', undefined],
    ['.s', undefined],
    ['5s!', undefined],
    ['1e3s', undefined],
  ];
  for (const [text, milliseconds] of readings) assert.equal(parseDuration(text), milliseconds, text);
});

test('the word that was meant', () => {
  const words = ['data-dir', 'name', 'wal-dir', 'election-timeout'];
  assert.equal(closestWord('data-di', words), 'data-dir');
  assert.equal(closestWord('datadir', words), 'data-dir');
  assert.equal(closestWord('nam', words), 'name');
  assert.equal(closestWord('electiontimeout', words), 'election-timeout');
  assert.equal(closestWord('port', words), undefined);
  assert.equal(closestWord('', words), undefined);
});
