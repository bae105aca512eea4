/** What `--endpoints` may say of a member. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseEndpoint } from '../../src/client/endpoint.ts';

test('hosts, ports, schemes and sockets', () => {
  const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });
  const cases: readonly (readonly [text: string, address: object, isSecure: boolean | undefined])[] = [
    ['127.0.0.1:2379', tcp('127.0.0.1', 2379), undefined],
    [' m1:2389', tcp('m1', 2389), undefined],
    ['m1', tcp('m1', 2379), undefined],
    ['localhost:2379', tcp('localhost', 2379), undefined],
    ['http://10.0.0.1:2379', tcp('10.0.0.1', 2379), false],
    ['https://m1.example.org:2379/', tcp('m1.example.org', 2379), true],
    ['[::1]:2379', tcp('::1', 2379), undefined],
    ['http://[fe80::1]', tcp('fe80::1', 2379), false],
    ['unix:///run/synod.sock', { kind: 'unix', path: '/run/synod.sock' }, false],
    ['unix://localhost:2379', { kind: 'unix', path: 'localhost:2379' }, false],
    ['unix:synod.sock', { kind: 'unix', path: 'synod.sock' }, false],
    ['unixs:///run/synod.sock', { kind: 'unix', path: '/run/synod.sock' }, true],
  ];
  for (const [text, address, isSecure] of cases)
    assert.deepEqual(parseEndpoint(text), { text: text.trim(), address, isSecure }, text);
});

test('what is none', () => {
  for (const text of [
    '',
    'm1:',
    'm1:0',
    'm1:70000',
    '::1:2379',
    'ftp://m1:2379',
    'm1:23a',
    'http://',
    'a b:1',
  ])
    assert.equal(parseEndpoint(text), undefined, text);
});
