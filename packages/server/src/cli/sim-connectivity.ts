/** `synod sim --connectivity`: every partial partition of three and of five members, and how soon commits go on in each. */
import {
  type ConnectivityCase,
  type ConnectivitySurvey,
  describeCase,
  everyDirectedCase,
  everyUndirectedCase,
  type ProtocolUnderTest,
  RESUME_ELECTION_TIMEOUTS,
  RuleBroken,
  surveyConnectivity,
} from '@synod/simulator';
import { EXIT_FAILED, EXIT_OK, EXIT_USAGE } from './exit-codes.ts';
import { ProgressLine } from './progress-line.ts';
import { readSimWords, SimOptionProblem, type SimWords } from './sim-options.ts';

interface Graphs {
  readonly title: string;
  readonly members: number;
  readonly cases: () => ConnectivityCase[];
}

const GRAPHS: readonly Graphs[] = [
  { title: 'directed graphs on three members', members: 3, cases: () => everyDirectedCase(3) },
  { title: 'undirected graphs on five members', members: 5, cases: () => everyUndirectedCase(5) },
];

/** What means nothing where the faults and the scenario are given. */
const OTHERS = [
  'seeds',
  'minutes',
  'keep',
  'timing',
  'mutant',
  'mutants',
  'compare',
  'jobs',
  'trace',
] as const;
const LATE_TOLD_MAX = 10;

interface ConnectivityPlan {
  readonly protocols: readonly ProtocolUnderTest[];
  readonly seed: number;
  readonly graphs: readonly Graphs[];
  readonly json: boolean;
}

/** Of one protocol. */
type ProtocolPlan = Omit<ConnectivityPlan, 'protocols'> & { readonly protocol: ProtocolUnderTest };

/** @returns the exit code */
export function simConnectivity(words: SimWords): number {
  let plan: ConnectivityPlan;
  try {
    plan = readConnectivityWords(words);
  } catch (error) {
    if (!(error instanceof SimOptionProblem)) throw error;
    process.stderr.write(`synod sim: ${error.message}\n`);
    return EXIT_USAGE;
  }
  let failed = false;
  for (const protocol of plan.protocols)
    for (const graphs of plan.graphs) {
      const survey = play({ ...plan, protocol }, graphs);
      if (survey === undefined || survey.late.length > 0) failed = true;
    }
  return failed ? EXIT_FAILED : EXIT_OK;
}

/** @throws SimOptionProblem */
export function readConnectivityWords(words: SimWords): ConnectivityPlan {
  const given = OTHERS.find((option) => words[option] !== undefined);
  if (given !== undefined || words.faults !== 'swarm')
    throw new SimOptionProblem(
      `--connectivity plays scenarios of its own: leave --${given ?? 'faults'} away. It takes --protocol, --members, --seed and --json`,
    );
  const { protocols, members, firstSeed, json } = readSimWords({ ...words, seed: words.seed ?? '1' });
  const graphs = GRAPHS.filter((each) => members === undefined || each.members === members);
  if (graphs.length === 0)
    throw new SimOptionProblem(`--connectivity has --members 3 and --members 5, not ${members}`);
  return { protocols, seed: firstSeed, graphs, json };
}

/** Undefined: a rule broke. */
function play(plan: ProtocolPlan, { title, cases }: Graphs): ConnectivitySurvey | undefined {
  const { protocol, seed, json } = plan;
  const all = cases();
  const progress = new ProgressLine({ quiet: json });
  let behind = 0;
  try {
    const survey = surveyConnectivity(all, protocol, seed, (count) => {
      behind = count;
      progress.show(() => `${protocol.name}, ${title}: ${count} of ${all.length}`);
    });
    progress.clear();
    process.stdout.write(
      json ? `${JSON.stringify(asJson(plan, title, survey))}\n` : asText(plan, title, survey),
    );
    return survey;
  } catch (error) {
    if (!(error instanceof RuleBroken)) throw error;
    progress.clear();
    const { rule, message } = error;
    const of = describeCase(all[behind]!);
    process.stdout.write(
      json
        ? `${JSON.stringify({ protocol: protocol.name, seed, graphs: title, failure: { rule, message, of } })}\n`
        : `${protocol.name}, ${title}: ${rule} broke with ${of}\n${message}\n`,
    );
    return undefined;
  }
}

function asJson({ protocol, seed }: ProtocolPlan, title: string, survey: ConnectivitySurvey): object {
  const late = survey.late.map(({ of, electionTimeouts }) => ({
    of: describeCase(of),
    electionTimeouts: Number.isFinite(electionTimeouts) ? electionTimeouts : null,
  }));
  const slowest = Number.isFinite(survey.slowest) ? survey.slowest : null;
  return { protocol: protocol.name, seed, graphs: title, ...survey, slowest, late, failure: null };
}

function asText({ protocol, seed }: ProtocolPlan, title: string, survey: ConnectivitySurvey): string {
  const { cases, median, ninetyNinth, slowest, late } = survey;
  const lines = [
    `${protocol.name}, ${title}: ${cases} cases, commits go on after ${median} election timeouts (median), ${ninetyNinth} (99 of 100), ${slowest} (slowest), ${late.length} late`,
  ];
  for (const { of, electionTimeouts } of late.slice(0, LATE_TOLD_MAX)) {
    const when = Number.isFinite(electionTimeouts) ? `after ${electionTimeouts}` : 'not at all';
    lines.push(`  ${when}, not within ${RESUME_ELECTION_TIMEOUTS}, with seed ${seed}: ${describeCase(of)}`);
  }
  if (late.length > LATE_TOLD_MAX) lines.push(`  and ${late.length - LATE_TOLD_MAX} more`);
  return `${lines.join('\n')}\n`;
}
