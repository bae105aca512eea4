/** `synod` as a function beside `etcdctl`, and what of their outputs differs by nature: numbers that a change moves. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Endpoints, etcdctlAnyExit, type Finished } from './etcdctl.ts';

/** How `synod` is started where `etcdctl` else is. */
export const SYNOD: readonly string[] = [
  process.execPath,
  join(fileURLToPath(import.meta.url), '../../src/main.ts'),
];

export interface Said {
  readonly code: number | null;
  readonly stdout: string;
}

/** Each of the two clients in turn, with the same preparation before each. */
export async function bothSay(
  endpoints: Endpoints,
  {
    before = [],
    args,
    stdin = '',
  }: {
    readonly before?: readonly (readonly string[])[];
    readonly args: readonly string[];
    readonly stdin?: string;
  },
): Promise<{ readonly etcdctl: Said; readonly synod: Said }> {
  const prepare = async (): Promise<void> => {
    for (const line of before) {
      const { code, stderr } = await etcdctlAnyExit(endpoints, line);
      if (code !== 0) throw new Error(`etcdctl ${line.join(' ')}: ${stderr}`);
    }
  };
  await prepare();
  const theirs = await etcdctlAnyExit(endpoints, args, stdin);
  await prepare();
  const ours = await etcdctlAnyExit(endpoints, args, stdin, SYNOD);
  return { etcdctl: settled(theirs), synod: settled(ours) };
}

/** The columns of `endpoint status` that 3.4 has, and between them those that it lacks. */
const STATUS_ROW =
  /^(\S+, [0-9a-f]+, [\d.]+), [\d.]+, ([\d.]+ \w+), [\d.]+ \w+, \d+%, [\d.]+ \w+, (\w+, .*), [\d.]*, \w+$/gm;

/** Without what 3.4 does not know yet. Numbers of 64 bits that tell when and where, and sizes and times, as N; ids of leases as L. */
export function settled({ code, stdout }: Finished): Said {
  return {
    code,
    stdout: stdout
      .replace(/,"(storageVersion|dbSizeQuota)":("[^"]*"|\d+)|,"downgradeInfo":\{\}/g, '')
      .replace(
        /^"(StorageVersion|DBSizeInUse|DBSizeQuota|DowngradeTargetVersion|DowngradeEnabled)" : .*\n/gm,
        '',
      )
      .replace(STATUS_ROW, '$1, $2, $3')
      .replace(
        /"(\w*revision|member_id|raft\w+|dbSize\w*|leader|ID|id|TTL|ttl|lease|hash)":-?\d+/gi,
        '"$1":N',
      )
      .replace(
        /"(Revision|MemberID|Raft\w+|\w*ModRevision|\w*CreateRevision|DBSize|ID|Lease)" : -?\d+/g,
        '"$1" : N',
      )
      .replace(/, \d+(\.\d+)? [kMG]?B, /g, ', N, ')
      .replace(/"took":"[^"]*"|took = \S+/g, 'took')
      .replace(/lease [0-9a-f]{16}/g, 'lease L')
      .replace(/remaining\(\d+s\)/g, 'remaining(N)'),
  };
}
