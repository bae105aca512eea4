/** Reads a configuration from nothing but what a test gives. */
import assert from 'node:assert/strict';
import type { ConfigProblem } from '../../src/config/config-problem.ts';
import type { MemberConfig } from '../../src/config/member-config.ts';
import { type ConfigResult, readConfig } from '../../src/config/read-config.ts';

export interface Given {
  readonly environment?: Readonly<Record<string, string>>;
  /** Text by path. */
  readonly files?: Readonly<Record<string, string>>;
}

export function read(line: string | readonly string[], given: Given = {}): ConfigResult {
  return readConfig({
    arguments: typeof line === 'string' ? line.split(' ').filter((word) => word !== '') : line,
    environment: given.environment ?? {},
    readFile: (path) => {
      const text = given.files?.[path];
      if (text === undefined) throw new Error('no such file');
      return text;
    },
    workingDirectory: '/home/me',
  });
}

export function accepted(line: string | readonly string[], given: Given = {}): MemberConfig {
  const result = read(line, given);
  assert.ok(result.ok, result.ok ? '' : result.problem.message);
  return result.config;
}

export function refused(line: string | readonly string[], given: Given = {}): ConfigProblem {
  const result = read(line, given);
  assert.ok(!result.ok, 'it was accepted');
  return result.problem;
}

export function warnings(line: string | readonly string[], given: Given = {}): readonly string[] {
  const result = read(line, given);
  assert.ok(result.ok, result.ok ? '' : result.problem.message);
  return result.warnings;
}
