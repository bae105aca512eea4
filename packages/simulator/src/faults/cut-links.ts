/** Which directed links a cut takes away. */
import type { CutShape } from './fault.ts';

export type DirectedLink = readonly [from: number, to: number];

export function linksToCut(shape: CutShape, target: number, bits: number, members: number): DirectedLink[] {
  const links: DirectedLink[] = [];
  for (let from = 0; from < members; from++)
    for (let to = 0; to < members; to++)
      if (from !== to && isCut(shape, target, bits, from, to, members)) links.push([from, to]);
  return links;
}

function isCut(
  shape: CutShape,
  target: number,
  bits: number,
  from: number,
  to: number,
  members: number,
): boolean {
  const touchesTarget = from === target || to === target;
  switch (shape) {
    case 'isolate':
      return touchesTarget;
    case 'halves':
      return sideOf(from, target, members) !== sideOf(to, target, members);
    case 'deaf':
      return to === target;
    case 'mute':
      return from === target;
    case 'bridge':
      return !touchesTarget && sideOf(from, target, members) !== sideOf(to, target, members);
    case 'star':
      return !touchesTarget;
    case 'chain':
      return Math.abs(from - to) > 1;
    case 'graph':
      return ((bits >> ((from * members + to) % 30)) & 1) === 1;
  }
}

/** The ring of members is cut at the target and opposite of it. */
function sideOf(place: number, target: number, members: number): boolean {
  return (place - target + members) % members < members / 2;
}
