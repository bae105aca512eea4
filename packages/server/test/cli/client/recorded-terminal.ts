/** A client command in this process: what it is given on standard input, what it says, and when it is told to stop. */
import type { Terminal } from '../../../src/cli/client/client-command.ts';
import { runClientCommand } from '../../../src/cli/client/run-client-command.ts';
import { RecordedEvents } from '../../recorded-events.ts';

export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class RecordedTerminal implements Terminal {
  readonly isInteractive = false;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** What was asked for a secret. */
  readonly questions: string[] = [];
  /** Each piece of standard output as it comes. */
  readonly pieces = new RecordedEvents<string>();
  readonly progressTexts: string[] = [];
  /** Whether the command let others on the machine go first. */
  gaveWay = false;
  stdout = '';
  stderr = '';
  private readonly controller = new AbortController();
  private readonly secrets: string[];

  constructor(stdin = '', secrets: readonly string[] = []) {
    this.stdin = stdin === '' ? nothing() : once(stdin);
    this.secrets = [...secrets];
  }

  get interrupted(): AbortSignal {
    return this.controller.signal;
  }

  interrupt(): void {
    this.controller.abort();
  }

  out(bytes: Uint8Array): void {
    const text = Buffer.from(bytes).toString('latin1');
    this.stdout += text;
    this.pieces.push(text);
  }

  error(text: string): void {
    this.stderr += text;
  }

  progress(text: string): void {
    this.progressTexts.push(text);
  }

  giveWay(): void {
    this.gaveWay = true;
  }

  async secret(question: string): Promise<string> {
    this.questions.push(question);
    return this.secrets.shift() ?? '';
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}

async function* once(text: string): AsyncGenerator<Uint8Array> {
  yield Buffer.from(text);
}

export async function run(
  line: readonly string[],
  {
    stdin = '',
    environment = {},
    secrets = [],
  }: {
    readonly stdin?: string;
    readonly environment?: Readonly<Record<string, string>>;
    readonly secrets?: readonly string[];
  } = {},
): Promise<Ran> {
  const terminal = new RecordedTerminal(stdin, secrets);
  const code = await runClientCommand(line, environment, terminal);
  return { code, stdout: terminal.stdout, stderr: terminal.stderr };
}
