/** `synod start`: one member in this process, from reading its configuration to its exit code. */
import { readFileSync } from 'node:fs';
import type { ConfigProblem } from '../config/config-problem.ts';
import { readDiscoveredConfig } from '../config/discovered-cluster.ts';
import type { MemberConfig } from '../config/member-config.ts';
import { SYSTEM_DNS } from '../dns/dns.ts';
import type { Log } from '../log/log.ts';
import { openLog } from '../log/open-log.ts';
import type { RunningMember } from '../member/running-member.ts';
import { StartFailure } from '../member/start-failure.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { READY_MESSAGE, REMOVED_MESSAGE } from './member-messages.ts';
import { startHelp } from './start-help.ts';
import { stopAsked } from './stop-asked.ts';

export async function start(givenArguments: readonly string[]): Promise<void> {
  if (givenArguments.some((argument) => /^--?(h|help)$/.test(argument))) {
    process.stdout.write(startHelp());
    return;
  }
  if (givenArguments.some((argument) => /^--?version$/.test(argument))) {
    const { versionText } = await import('./version.ts');
    process.stdout.write(versionText());
    return;
  }
  const sources = {
    arguments: givenArguments,
    environment: process.env,
    readFile: (path: string) => readFileSync(path, 'utf8'),
    workingDirectory: process.cwd(),
  };
  const result = await readDiscoveredConfig(sources, SYSTEM_DNS);
  if (!result.ok) refuseConfig(result.problem);
  const { config, warnings } = result;
  process.title = `synod ${config.name}`;
  const log = openLogOrEnd(config);
  for (const warning of warnings) log.warn(warning);
  await run(config, log);
}

async function run(config: MemberConfig, log: Log): Promise<void> {
  // A bug, or a state that cannot be: nothing is mended, it only has its place in the log.
  process.on('uncaughtException', (error) => {
    log.error(`ended by a fault of its own: ${error.message}`, { stack: error.stack });
    process.exit(EXIT_FAILED);
  });
  const { startMember } = await import('../member/start-member.ts');
  const stopping = new AbortController();
  const stopped = stopAsked({
    onFirst: (why) => {
      log.info(`asked to stop: ${why}`);
      stopping.abort();
    },
    // What is acknowledged is durable in any case.
    onSecond: (why) => end(log, `${why} again: stopped at once`),
  });
  let member: RunningMember;
  try {
    member = await startMember(config, log, { stopping: stopping.signal });
  } catch (error) {
    if (!(error instanceof StartFailure)) throw error;
    if (stopping.signal.aborted) {
      log.info(`stopped: ${error.message}`);
      process.exit(EXIT_OK);
    }
    end(log, `could not start: ${error.message}`);
  }
  // Whoever started this process with a channel need not read its log.
  const tell = (message: string): void => {
    if (process.connected) process.send?.(message);
  };
  member.ready.then(() => tell(READY_MESSAGE));
  member.removed.then(() => tell(REMOVED_MESSAGE));
  member.failed.then((reason) => end(log, `cannot go on: ${reason}`));
  const why = await Promise.race([stopped, member.removed]);
  if (why !== undefined) log.error(why);
  await member.stop();
  process.exit(EXIT_OK);
}

function openLogOrEnd(config: MemberConfig): Log {
  try {
    return openLog(config.log);
  } catch (error) {
    process.stderr.write(`synod: cannot open the log (--log-outputs): ${(error as Error).message}\n`);
    process.exit(EXIT_FAILED);
  }
}

function refuseConfig(problem: ConfigProblem): never {
  process.stderr.write(`synod: ${problem.message}\n`);
  process.exit(problem.kind === 'usage' ? EXIT_USAGE : EXIT_FAILED);
}

/** The last line, and the end. Level `error`, as a fatal fault of one member is one to its cluster. */
function end(log: Log, message: string): never {
  log.error(message);
  process.exit(EXIT_FAILED);
}
