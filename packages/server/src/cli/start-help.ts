/** The text of `synod start --help`, made from the table of flags. */
import { FLAGS, type Flag } from '../config/flags.ts';

const NAME_WIDTH = 34;

export function startHelp(): string {
  const working: string[] = [];
  const harmless: string[] = [];
  const gone: string[] = [];
  for (const [name, flag] of Object.entries<Flag>(FLAGS)) {
    if (flag.status === 'gone') gone.push(name);
    else if (flag.status === 'harmless') harmless.push(name);
    else working.push(`  ${`--${name}`.padEnd(NAME_WIDTH)}${flag.help}${defaultNote(flag.default)}`);
  }
  return `Usage: synod start [flags]

Runs one member of a cluster, with etcd's flags. Each may also be given by environment (ETCD_DATA_DIR for --data-dir)
or in a YAML file (--config-file FILE), which then is the whole configuration.

${working.join('\n')}

Taken, and of no effect (a warning says what happens instead):
${wrapped(harmless)}

Of earlier versions of etcd, and gone (their defaults are accepted):
${wrapped(gone)}

Examples:
  # a member alone, on etcd's own ports
  synod start --data-dir ./data

  # the first of three
  synod start --name m1 --data-dir ./m1 \\
    --listen-peer-urls http://10.0.0.1:2380 --initial-advertise-peer-urls http://10.0.0.1:2380 \\
    --listen-client-urls http://10.0.0.1:2379 --advertise-client-urls http://10.0.0.1:2379 \\
    --initial-cluster m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380

Exit codes: 0 stopped as asked, 1 could not start or not go on, 2 the flags cannot be read.
`;
}

function defaultNote(text: string): string {
  return text === '' ? '' : ` (default ${text})`;
}

function wrapped(names: readonly string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const line = lines.at(-1);
    if (line === undefined || line.length + name.length > 100) lines.push(`  ${name}`);
    else lines[lines.length - 1] = `${line}, ${name}`;
  }
  return lines.join(',\n');
}
