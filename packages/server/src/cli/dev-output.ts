/** What `synod dev` shows: who serves where, what happens, and each member's lines under its name. */
import { styleText } from 'node:util';
import type { DevMemberSpec } from './dev-options.ts';
import type { LogLine } from './log-line.ts';

type Style = Parameters<typeof styleText>[0];

/** The members' names, by turns. */
const NAME_STYLES: readonly Style[] = ['cyan', 'magenta', 'yellow', 'green', 'blue'];
const LEVEL_STYLES: Readonly<Record<LogLine['level'], Style>> = {
  debug: 'dim',
  info: 'dim',
  warn: 'yellow',
  error: 'red',
  text: 'dim',
};

/** Writes to stdout; colours only where it is a terminal. */
export class DevOutput {
  private readonly specs: readonly DevMemberSpec[];

  constructor(specs: readonly DevMemberSpec[]) {
    this.specs = specs;
  }

  say(text: string): void {
    process.stdout.write(`${text}\n`);
  }

  of(name: string, text: string): void {
    const at = this.specs.findIndex((spec) => spec.name === name);
    this.say(`${paint(NAME_STYLES[at % NAME_STYLES.length]!, name)} ${text}`);
  }

  line(name: string, { level, message, facts }: LogLine): void {
    const rest = Object.entries(facts).map(([key, value]) => ` ${key}=${factText(value)}`);
    const label = level === 'text' ? '' : `${paint(LEVEL_STYLES[level], level)} `;
    this.of(name, `${label}${message}${paint('dim', rest.join(''))}`);
  }

  banner(dataDirectory: string): void {
    const endpoints = this.specs.map(({ clientUrl }) => clientUrl.replace('http://', ''));
    const rows = this.specs.map(
      ({ name, clientUrl, peerUrl, dataDirectory: own }) =>
        `  ${paint('bold', name)}  clients ${clientUrl}   peers ${peerUrl}   data ${own}`,
    );
    this.say(
      [
        '',
        paint(
          'green',
          `The cluster is ready: ${this.specs.length} member${this.specs.length === 1 ? '' : 's'}.`,
        ),
        '',
        ...rows,
        '',
        'Try it from another terminal:',
        `  export ETCDCTL_API=3 ETCDCTL_ENDPOINTS=${endpoints.join(',')}`,
        '  etcdctl put greeting hello',
        '  etcdctl get greeting',
        '',
        `Ctrl-C stops the cluster. Its data stays in ${dataDirectory}.`,
        '',
      ].join('\n'),
    );
  }
}

function factText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function paint(style: Style, text: string): string {
  return process.stdout.isTTY ? styleText(style, text) : text;
}
