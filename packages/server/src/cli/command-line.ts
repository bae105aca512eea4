/** The commands of `synod` beside `start`, which reads its own: etcd's flags are not what commander understands. */
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import { clientCommandLines } from './client/command-lines.ts';
import type { DevOptions } from './dev-options.ts';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import type { RebuildOptions } from './rebuild.ts';
import type { SimWords } from './sim-options.ts';
import { startHelp } from './start-help.ts';

const MEMBERS_MAX = 9;
const PORT_MAX = 65_535;

export async function runCommandLine(argv: readonly string[]): Promise<void> {
  const program: Command = new Command('synod')
    .description('A coordination server that etcd’s clients use as their own.')
    .exitOverride()
    .showHelpAfterError("See 'synod --help'.")
    .addHelpText('after', HELP_END);
  addStart(program);
  addDev(program);
  addSim(program);
  addCheck(program);
  addRebuild(program);
  addVersion(program);
  const [first, ...rest] = argv.slice(2);
  try {
    if (first === undefined) program.help();
    // As etcd has it.
    await program.parseAsync(/^(-v|-V|--?version)$/.test(first) ? ['version', ...rest] : [first, ...rest], {
      from: 'user',
    });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    process.exitCode = error.exitCode === 0 ? EXIT_OK : EXIT_USAGE;
  }
}

const HELP_END = `
Client commands (synod COMMAND --help), with etcdctl's names, options and exit codes:
${clientCommandLines()}

Examples:
  synod dev                        three members on this machine, for trying things out
  synod dev --members 5 --verbose
  synod start --name m1 --data-dir /var/lib/synod
  synod version --json
  synod put greeting hello
  synod get --prefix ""

Exit codes: 0 done, 1 failed (the last line says why), 2 the command line cannot be read.
`;

const DEV_HELP_END = `
Member i, from 0, serves clients on BASE + 10 i and peers on BASE + 10 i + 1.

Examples:
  synod dev                                             clients on 2379, 2389 and 2399, data in .synod
  synod dev --base-port 3379 --data-dir /tmp/cluster    beside another one
  synod dev --no-restart                                and then kill -9 $(cat .synod/m1/synod.pid)
`;

const REBUILD_HELP_END = `
For a member that holds something else than the others (the CORRUPT alarm names it), or whose store cannot be opened. Its journal
stays: a member must not forget what it voted for. docs/spec/corruption.md tells why this is safe.

Examples:
  synod rebuild --data-dir /var/lib/synod          of a member that is stopped; then start it
  synod rebuild --data-dir /var/lib/synod --yes    without being asked
`;

const VERSION_HELP_END = `
Examples:
  synod version
  synod version --json      the same for scripts
`;

/** Only for the list of commands and for `synod help start`: main.ts has it run by start.ts. */
function addStart(program: Command): void {
  const start = program
    .command('start')
    .description('run one member, with etcd’s flags (synod start --help tells them)')
    .helpOption(false);
  start.helpInformation = startHelp;
}

function addVersion(program: Command): void {
  program
    .command('version')
    .description('what this is')
    .option('--json', 'for scripts')
    .showHelpAfterError("See 'synod version --help'.")
    .addHelpText('after', VERSION_HELP_END)
    .action(async ({ json }: { json?: boolean }) => {
      const { versionFacts, versionText } = await import('./version.ts');
      process.stdout.write(json === true ? `${JSON.stringify(versionFacts())}\n` : versionText());
    });
}

function addRebuild(program: Command): void {
  program
    .command('rebuild')
    .description('have a stopped member get its whole state from the others at its next start')
    .showHelpAfterError("See 'synod rebuild --help'.")
    .requiredOption('--data-dir <directory>', 'the member’s data directory')
    .option('--yes', 'do not ask')
    .addHelpText('after', REBUILD_HELP_END)
    .action(async (options: RebuildOptions) => {
      const { rebuild } = await import('./rebuild.ts');
      process.exitCode = await rebuild(options);
    });
}

function addDev(program: Command): void {
  program
    .command('dev')
    .description('run a whole cluster on this machine, one process a member')
    .showHelpAfterError("See 'synod dev --help'.")
    .option('--members <n>', 'how many members', wholeNumber(1, MEMBERS_MAX), 3)
    .option('--base-port <port>', 'the first member’s port for clients', wholeNumber(1, PORT_MAX), 2379)
    .option('--data-dir <directory>', 'where the members keep their data', '.synod')
    .addOption(
      new Option('--consensus <protocol>', 'consensus protocol').choices(['raft', 'paxos']).default('raft'),
    )
    .option('--no-restart', 'leave a member that dies down')
    .option('--verbose', 'show the members’ whole logs, not only warnings')
    .addHelpText('after', DEV_HELP_END)
    .action(async (options: DevOptions) => {
      if (options.basePort + 10 * (options.members - 1) + 1 > PORT_MAX)
        fail(`--base-port ${options.basePort} leaves no ports for ${options.members} members`);
      const { dev } = await import('./dev.ts');
      await dev(options);
    });
}

function addCheck(program: Command): void {
  program
    .command('check')
    .description('judge a recorded history: is it linearizable?')
    .argument('<file>', 'one operation a line, in JSON (docs/simulator.md tells the form)')
    .action(async (file: string) => {
      const { checkHistoryFile } = await import('./check-history.ts');
      process.exitCode = checkHistoryFile(file);
    });
}

const SIM_HELP_END = `
Protocols: raft, paxos, or both: side by side on one seed, where clients must not be able to tell them apart.

Examples:
  synod sim --seeds 1..2000              many worlds, each with its own faults
  synod sim --seed 42 --trace            one of them, event by event
  synod sim --protocol both --seeds 1..2000 --jobs 2
  synod sim --faults crash,cut --timing asynchronous --minutes 10
  synod sim --mutants                    how soon each planted bug is found
  synod sim --connectivity               every partial partition of three and five members
  synod sim --compare                    what commits, fail-over, recovery and the like cost on each protocol
  synod sim --compare idle,latency       two of those tables

Exit codes: 0 nothing failed; 1 a rule broke, or a planted bug was not found; 2 the command line cannot be read;
130 Ctrl-C, with the totals so far.
`;

function addSim(program: Command): void {
  program
    .command('sim')
    .description('run simulated clusters under faults, and hold them to every rule')
    .showHelpAfterError("See 'synod sim --help'.")
    .option('--protocol <name>', 'raft, paxos, or both side by side', 'raft')
    .option('--members <n>', 'how many members; else the seed chooses')
    .option('--seed <n>', 'one seed')
    .option('--seeds <first..last>', 'these seeds; default 1..100, and 1..5000 to hunt planted bugs')
    .option('--minutes <n>', 'stop after so many minutes')
    .option('--faults <list>', 'kinds of faults, "swarm" (each seed its own) or "none"', 'swarm')
    .option('--keep <list>', 'only these faults of the seed’s schedule, by number')
    .option('--timing <model>', 'synchronous, partial or asynchronous; else the seed chooses')
    .option('--mutant <name>', 'plant this bug')
    .option('--mutants', 'plant every bug in turn, and tell which seed finds it')
    .option('--compare [tables]', 'measure both protocols: all tables, or these')
    .option('--jobs <n>', 'use so many processors; default 1')
    .option('--connectivity', 'play every partial partition, and tell how soon commits go on')
    .option('--trace', 'print every event')
    .option('--json', 'one line of JSON a world, and one with the totals')
    .addHelpText('after', SIM_HELP_END)
    .action(async (words: SimWords) => {
      const { sim } = await import('./sim.ts');
      process.exitCode = await sim(words);
    });
}

function fail(message: string): never {
  process.stderr.write(`synod dev: ${message}\n`);
  process.exit(EXIT_FAILED);
}

function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}
