/** `-w table`, for what has rows: members and endpoints. */
import { goDuration } from './go-formats.ts';
import { utf8, type Writer } from './results.ts';
import {
  MEMBER_TITLES,
  memberRows,
  SNAPSHOT_TITLES,
  STATUS_TITLES,
  snapshotRow,
  statusRows,
} from './rows.ts';

export const tableWriter: Writer = {
  memberList: ({ members }) => table(MEMBER_TITLES, memberRows(members)),
  endpointStatus: (rows) => table(STATUS_TITLES, statusRows(rows)),
  endpointHealth: (rows) =>
    table(
      ['Endpoint', 'Health', 'Took', 'Error'],
      rows.map(({ endpoint, tookMs, error }) => [endpoint, String(error === ''), goDuration(tookMs), error]),
    ),
  snapshotStatus: (facts) => table(SNAPSHOT_TITLES, [snapshotRow(facts)]),
  endpointHash: (rows) =>
    table(
      ['Endpoint', 'Hash'],
      rows.map(({ endpoint, response }) => [endpoint, String(response.hash)]),
    ),
};

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, column) =>
    Math.max(width(title), ...rows.map((row) => width(row[column]!))),
  );
  const rule = `+${widths.map((columns) => '-'.repeat(columns + 2)).join('+')}+`;
  const line = (cells: readonly string[]): string => `|${cells.map((cell) => ` ${cell} `).join('|')}|`;
  const head = line(titles.map((title, column) => centred(title.toUpperCase(), widths[column]!)));
  const body = rows.map((row) => line(row.map((cell, column) => right(cell, widths[column]!))));
  return utf8(`${[rule, head, rule, ...body, rule].join('\n')}\n`);
}

function width(text: string): number {
  return [...text].length;
}

function right(text: string, columns: number): string {
  return ' '.repeat(columns - width(text)) + text;
}

function centred(text: string, columns: number): string {
  const gap = columns - width(text);
  const before = Math.floor(gap / 2);
  return ' '.repeat(before) + text + ' '.repeat(gap - before);
}
