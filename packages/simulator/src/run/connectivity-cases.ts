/**
 * The partial partitions that are tried: every graph of links that still work, with every leader and every stale member.
 * Only counts and names them; connectivity.ts plays one.
 */
import type { DirectedLink } from '../faults/cut-links.ts';

export interface ConnectivityCase {
  readonly members: number;
  /** Who leads when the links go. */
  readonly leader: number;
  /** Who has not heard of the last entries; undefined: nobody. */
  readonly stale: number | undefined;
  /** The links that are cut. */
  readonly cut: readonly DirectedLink[];
}

/**
 * Members that are quorum-connected: a link to and a link from so many others work that they are a quorum with the member. In
 * a directed graph a link that works one way only counts for nothing, for who asks must hear the answer. Of the links
 * among those others nothing is demanded.
 */
export function quorumConnected(members: number, cut: readonly DirectedLink[]): number[] {
  const isCut = (from: number, to: number): boolean => cut.some(([a, b]) => a === from && b === to);
  const connected: number[] = [];
  for (let member = 0; member < members; member++) {
    let reached = 1;
    for (let other = 0; other < members; other++)
      if (other !== member && !isCut(member, other) && !isCut(other, member)) reached++;
    if (2 * reached > members) connected.push(member);
  }
  return connected;
}

/** Every directed graph in which somebody is quorum-connected, whoever leads and whoever is stale. */
export function everyDirectedCase(members: number): ConnectivityCase[] {
  const links: DirectedLink[] = [];
  for (let from = 0; from < members; from++)
    for (let to = 0; to < members; to++) if (from !== to) links.push([from, to]);
  return casesOf(
    members,
    links.map((link) => [link]),
  );
}

/** Every undirected graph: both directions of a link work, or neither does. */
export function everyUndirectedCase(members: number): ConnectivityCase[] {
  const links: (readonly DirectedLink[])[] = [];
  for (let low = 0; low < members; low++)
    for (let high = low + 1; high < members; high++)
      links.push([
        [low, high],
        [high, low],
      ]);
  return casesOf(members, links);
}

/** `links`: what is cut together or not at all. */
function casesOf(members: number, links: readonly (readonly DirectedLink[])[]): ConnectivityCase[] {
  const cases: ConnectivityCase[] = [];
  for (let bits = 0; bits < 2 ** links.length; bits++) {
    const cut = links.filter((_, i) => (bits >> i) & 1).flat();
    if (quorumConnected(members, cut).length === 0) continue;
    for (let leader = 0; leader < members; leader++) {
      cases.push({ members, leader, stale: undefined, cut });
      for (let stale = 0; stale < members; stale++)
        if (stale !== leader) cases.push({ members, leader, stale, cut });
    }
  }
  return cases;
}

/**
 * One of each set of cases that differ only in how the members are numbered, and those in which everybody's number is
 * shifted: numbers decide who draws which timeout, so that a shift is another chance.
 */
export function upToSymmetry(cases: readonly ConnectivityCase[]): ConnectivityCase[] {
  const seen = new Set<string>();
  const chosen: ConnectivityCase[] = [];
  for (const one of cases) {
    if (seen.has(nameOf(one))) continue;
    const numbers = Array.from({ length: one.members }, (_, member) => member);
    for (const order of permutations(numbers)) seen.add(nameOf(renumbered(one, order)));
    for (const shift of numbers)
      chosen.push(
        renumbered(
          one,
          numbers.map((member) => (member + shift) % one.members),
        ),
      );
  }
  return chosen;
}

/** The same case with member i called `order[i]`. */
function renumbered({ members, leader, stale, cut }: ConnectivityCase, order: readonly number[]) {
  return {
    members,
    leader: order[leader]!,
    stale: stale === undefined ? undefined : order[stale]!,
    cut: cut.map(([from, to]): DirectedLink => [order[from]!, order[to]!]),
  };
}

function nameOf({ leader, stale, cut }: ConnectivityCase): string {
  const links = cut.map((link) => link.join('>')).sort();
  return `${leader} ${stale} ${links.join(' ')}`;
}

function permutations(numbers: readonly number[]): number[][] {
  if (numbers.length === 0) return [[]];
  return numbers.flatMap((first) =>
    permutations(numbers.filter((other) => other !== first)).map((rest) => [first, ...rest]),
  );
}

/** A case in words, for whoever has to look into it. */
export function describeCase({ leader, stale, cut }: ConnectivityCase): string {
  const links = cut.map((link) => link.join('>')).join(' ');
  return `leader ${leader}, stale ${stale ?? 'nobody'}, cut ${links === '' ? 'nothing' : links}`;
}
