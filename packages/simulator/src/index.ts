/** What the command line and the tests may use of the simulator. */
export * from './checkers/paxos/paxos-under-test.ts';
export * from './checkers/protocol-under-test.ts';
export * from './checkers/raft/raft-under-test.ts';
export * from './checkers/rule-broken.ts';
export * from './faults/fault.ts';
export * from './linearizability/checker.ts';
export * from './linearizability/history.ts';
export * from './mutants/catalogue.ts';
export * from './mutants/mutant.ts';
export * from './run/connectivity.ts';
export * from './run/connectivity-cases.ts';
export * from './run/connectivity-survey.ts';
export * from './run/run-seed.ts';
export * from './run/shrink.ts';
export * from './world/world.ts';
export * from './world/world-shape.ts';
