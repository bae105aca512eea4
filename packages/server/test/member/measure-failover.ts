/**
 * Measures how long writes stand still after the leader's process was killed, as a client of another member sees it:
 * `node packages/server/test/member/measure-failover.ts [ROUNDS]`. Not a test; prints milliseconds a round.
 */
import { TestCluster, type TestMember } from './test-cluster.ts';

const rounds = Number(process.argv[2] ?? 10);
const ends: (() => unknown)[] = [];
const cluster = await TestCluster.create(
  { after: (end) => ends.push(end) },
  {
    heartbeatMs: 100,
    electionTimeoutMs: 1_000,
  },
);
await cluster.startProcesses();
const times: number[] = [];
let survivor: TestMember = cluster.members[0]!;
for (let round = 0; round < rounds; round++) {
  const { leader, followers } = await cluster.roles(survivor);
  survivor = followers[0]!;
  await survivor.client.put('before', `${round}`);
  const began = performance.now();
  leader.process!.kill('SIGKILL');
  await survivor.client.put('after', `${round}`);
  times.push(Math.round(performance.now() - began));
  await cluster.kill(leader);
  await cluster.startProcess(leader);
}
for (const end of ends) await end();
console.log(`milliseconds: ${times.join(' ')}`);
console.log(
  `median ${[...times].sort((a, b) => a - b)[Math.floor(times.length / 2)]}, worst ${Math.max(...times)}`,
);
