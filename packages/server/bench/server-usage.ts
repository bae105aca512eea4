/** What processes have used, from Linux's /proc: CPU time of all their threads, and resident memory. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** utime and stime are fields 14 and 15; counting begins behind the name, which may hold spaces. */
const UTIME_BEHIND_NAME = 11;

let ticksPerSecond: number | undefined;

export function cpuSeconds(processIds: readonly number[]): number {
  ticksPerSecond ??= Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  let ticks = 0;
  for (const processId of processIds) {
    const stat = readFileSync(`/proc/${processId}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    ticks += Number(fields[UTIME_BEHIND_NAME]) + Number(fields[UTIME_BEHIND_NAME + 1]);
  }
  return ticks / ticksPerSecond;
}

/** Without the pages of files, which the system takes back when it needs them. */
export function ownBytes(processId: number): number {
  const status = readFileSync(`/proc/${processId}/status`, 'utf8');
  return Number(/^RssAnon:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

export function residentBytes(processIds: readonly number[]): number {
  let kibibytes = 0;
  for (const processId of processIds) {
    const status = readFileSync(`/proc/${processId}/status`, 'utf8');
    kibibytes += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0);
  }
  return kibibytes * 1024;
}
