/** What a client command is, and what it is given to work with. */
import type { EtcdClient } from '../../client/etcd-client.ts';
import type { Flags, FlagValues } from './flags.ts';
import type { GlobalValues } from './global-flags.ts';
import type { Results } from './writers/results.ts';

export interface ClientCommand<Given extends Flags = Flags> {
  /** Behind the command's name. */
  readonly usage: string;
  /** What the summary in the list of commands leaves open; '' if nothing. */
  readonly description: string;
  readonly flags: Given;
  /** One a line. */
  readonly examples: readonly string[];
  /** Resolves to the exit code. @throws CommandFailure, CallFailure */
  run(context: CommandContext<Given>): Promise<number>;
}

export interface CommandContext<Given extends Flags = Flags> {
  readonly flags: FlagValues<Given>;
  readonly globals: GlobalValues;
  /** The words that are no flags; what stood behind `--` is at their end. */
  readonly words: readonly string[];
  /** How many of the words stood before `--`; undefined without one. */
  readonly wordsBeforeDashes: number | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly terminal: Terminal;
  readonly client: EtcdClient;
  /** Writes an answer in the format that was asked for. @throws CommandFailure where the format has no form for it */
  print<Kind extends keyof Results>(kind: Kind, result: Results[Kind]): Promise<void>;
  /** Writes text as it is. */
  say(text: string): void;
}

/** The ends of a process, or of a test. */
export interface Terminal {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly isInteractive: boolean;
  out(bytes: Uint8Array): void;
  error(text: string): void;
  /** How far a long command is, over what was told before; nothing where no person looks. '' clears it. */
  progress(text: string): void;
  /** Long work on this machine's processors and disks: members that run here go first. */
  giveWay(): void;
  /** Asks for a password; nothing of it is shown. */
  secret(question: string): Promise<string>;
  /** Aborted when the command shall end: Ctrl-C, or a signal to stop. */
  readonly interrupted: AbortSignal;
}

export function clientCommand<const Given extends Flags>(command: ClientCommand<Given>): ClientCommand {
  // The values that `run` is given are made from this very table of flags.
  return command as unknown as ClientCommand;
}
