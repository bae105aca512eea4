/** Measured figures as a table: for people, for documents and for scripts. */

export interface Table {
  /** By which it is asked for. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** As Markdown has it. */
export function tableAsText({ columns, rows }: Table): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |\n`;
  return `${line(columns)}|${'---|'.repeat(columns.length)}\n${rows.map(line).join('')}`;
}

/** The value below which this share of all values lies, for shares in [0, 1]; 1: the largest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

export function fixed(value: number, digits: number): string {
  return Number.isFinite(value) ? value.toFixed(digits) : 'never';
}

/** Thousands apart, as people read them. */
export function whole(value: number): string {
  if (!Number.isFinite(value)) return 'never';
  return Math.round(value)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ',');
}
