/** Where the journal's files lie. */

export const JOURNAL_DIRECTORY = 'journal';

/** The next segment while it is being made ready: zeros, then a preamble, then renamed to its sequence. */
export const PREPARED_SEGMENT_PATH = `${JOURNAL_DIRECTORY}/prepared`;

const SEGMENT_NAME = /^([0-9a-f]{16})\.log$/;

export function segmentPath(firstSequence: number): string {
  return `${JOURNAL_DIRECTORY}/${firstSequence.toString(16).padStart(16, '0')}.log`;
}

/** The first frame sequence of a segment, or undefined if the name is not a segment's. */
export function segmentFirstSequence(name: string): number | undefined {
  const match = SEGMENT_NAME.exec(name);
  return match === null ? undefined : Number.parseInt(match[1]!, 16);
}
