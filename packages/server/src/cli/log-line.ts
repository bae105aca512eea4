/** A line of a member's output: its log's JSON, or anything else that a process may write. */

export interface LogLine {
  /** `text`: not of the log. */
  readonly level: 'debug' | 'info' | 'warn' | 'error' | 'text';
  readonly message: string;
  readonly facts: Readonly<Record<string, unknown>>;
}

const LEVELS: Readonly<Record<string, LogLine['level']>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  fatal: 'error',
};

export function readLogLine(text: string): LogLine {
  const asText: LogLine = { level: 'text', message: text, facts: {} };
  if (!text.startsWith('{')) return asText;
  try {
    const { level, ts, msg, ...facts } = JSON.parse(text) as Record<string, unknown>;
    const known = LEVELS[String(level)];
    return known === undefined || typeof msg !== 'string' || ts === undefined
      ? asText
      : { level: known, message: msg, facts };
  } catch {
    return asText;
  }
}

/** Whether a line may say why a process ended: an error of its log, or what Node writes of one, without its frame. */
export function mayBeReason({ level, message }: LogLine): boolean {
  return level === 'error' || (level === 'text' && !/^$|^\s|^Node\.js v/.test(message));
}
