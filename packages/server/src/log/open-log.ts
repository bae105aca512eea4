/**
 * The log, by pino: JSON lines with etcd's field names, so that what reads etcd's logs reads ours; on a terminal, text
 * for people.
 */
import pino from 'pino';
import pretty from 'pino-pretty';
import type { LogConfig } from '../config/member-config.ts';
import type { Log } from './log.ts';

/** etcd's levels to pino's. A panic and a fatal line both come just before the process ends. */
const LEVELS: Readonly<Record<LogConfig['level'], string>> = {
  debug: 'debug',
  info: 'info',
  warn: 'warn',
  error: 'error',
  panic: 'fatal',
  fatal: 'fatal',
};

/** @throws when a file cannot be opened. */
export function openLog(config: LogConfig): Log {
  const streams = config.outputs.map((output) => ({
    level: LEVELS[config.level] as pino.Level,
    stream: openOutput(output, config.format),
  }));
  const logger = pino(
    {
      level: LEVELS[config.level],
      base: null,
      messageKey: 'msg',
      timestamp: () => `,"ts":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.multistream(streams),
  );
  return {
    debug: (message, facts = {}) => logger.debug(facts, message),
    info: (message, facts = {}) => logger.info(facts, message),
    warn: (message, facts = {}) => logger.warn(facts, message),
    error: (message, facts = {}) => logger.error(facts, message),
  };
}

const DESCRIPTORS: Readonly<Record<string, 1 | 2>> = { default: 2, stderr: 2, stdout: 1 };

function openOutput(output: string, format: LogConfig['format']): pino.DestinationStream {
  const descriptor = DESCRIPTORS[output];
  const destination = pino.destination({ dest: descriptor ?? output, sync: true });
  const isTerminal =
    descriptor !== undefined && (descriptor === 1 ? process.stdout : process.stderr).isTTY === true;
  if (format === 'json' && !isTerminal) return destination;
  return pretty({
    destination,
    colorize: isTerminal,
    sync: true,
    translateTime: 'SYS:HH:MM:ss.l',
    singleLine: true,
    timestampKey: 'ts',
    messageKey: 'msg',
    levelKey: 'level',
  });
}
