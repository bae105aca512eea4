/** A member in a process of its own, for tests that kill or freeze it: configuration in, its log and its ports out. */
import type { MemberConfig } from '../../src/config/member-config.ts';
import type { LogFacts } from '../../src/log/log.ts';
import { startMember } from '../../src/member/start-member.ts';

/** What the process says to whoever started it. */
export type ProcessWord =
  | { readonly kind: 'log'; readonly message: string }
  | { readonly kind: 'started'; readonly clientPort: number; readonly peerPort: number }
  | { readonly kind: 'ready' };

const say = (word: ProcessWord): void => void process.send?.(word);
const line = (message: string, _facts?: LogFacts): void => say({ kind: 'log', message });

const config = JSON.parse(process.argv[2]!) as MemberConfig;
const log = { debug: () => {}, info: line, warn: line, error: line };
const member = await startMember(config, log, JSON.parse(process.argv[3]!));
say({ kind: 'started', clientPort: member.clientPorts[0]!, peerPort: member.peerPorts[0]! });
member.ready.then(() => say({ kind: 'ready' }));
process.on('disconnect', () => process.exit());
