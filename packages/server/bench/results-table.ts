/** The results as a table of text, columns as wide as they must be. */
import type { Line } from './results.ts';

interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
  readonly cell: (line: Line) => string;
}

const COLUMNS: readonly Column[] = [
  { title: 'operation', align: 'left', cell: (line) => line.operation },
  { title: 'clients', align: 'right', cell: (line) => `${line.clients}` },
  { title: 'target', align: 'left', cell: (line) => line.target },
  { title: 'per second', align: 'right', cell: (line) => grouped(line.perSecond) },
  { title: 'rounds', align: 'left', cell: (line) => spread(line.perSecondOfRounds) },
  { title: 'p50 ms', align: 'right', cell: (line) => line.p50Ms.toFixed(2) },
  { title: 'p99 ms', align: 'right', cell: (line) => line.p99Ms.toFixed(2) },
  { title: 'CPU s', align: 'right', cell: (line) => line.serverCpuSeconds.toFixed(2) },
  { title: 'CPU s/1000', align: 'right', cell: (line) => line.serverCpuSecondsPer1000.toFixed(4) },
  { title: 'load s/1000', align: 'right', cell: (line) => line.loadCpuSecondsPer1000.toFixed(4) },
  { title: 'MiB', align: 'right', cell: (line) => line.serverResidentMebibytes.toFixed(0) },
  { title: 'errors', align: 'right', cell: (line) => `${line.errors}` },
  {
    title: '× etcd',
    align: 'right',
    cell: (line) => (line.timesEtcd === undefined ? '' : line.timesEtcd.toFixed(2)),
  },
];

export function formatTable(lines: readonly Line[]): string {
  const widths = COLUMNS.map(({ title, cell }) =>
    Math.max(title.length, ...lines.map((line) => cell(line).length)),
  );
  const row = (cells: readonly string[]): string =>
    cells
      .map((text, at) =>
        COLUMNS[at]!.align === 'left' ? text.padEnd(widths[at]!) : text.padStart(widths[at]!),
      )
      .join('  ')
      .trimEnd();
  const table = [
    row(COLUMNS.map(({ title }) => title)),
    row(widths.map((width) => '─'.repeat(width))),
    ...lines.map((line) => row(COLUMNS.map(({ cell }) => cell(line)))),
  ];
  const texts = [
    ...new Set(lines.flatMap((line) => line.errorTexts.map((text) => `${line.target}: ${text}`))),
  ];
  if (texts.length > 0) table.push('', 'Errors:', ...texts.map((text) => `  ${text}`));
  return `${table.join('\n')}\n`;
}

const grouped = (value: number): string => Math.round(value).toLocaleString('en-US');

function spread(perSecondOfRounds: readonly number[]): string {
  if (perSecondOfRounds.length < 2) return '';
  return `${grouped(Math.min(...perSecondOfRounds))}–${grouped(Math.max(...perSecondOfRounds))}`;
}
