/**
 * Which spans contain a key: a balanced search tree (AVL) of distinct spans by their start, where every subtree knows
 * how far its spans reach. Finding the k spans around a key among n costs about k + log n steps, not n, as long as
 * spans nest like prefixes do. Knows nothing of watchers: a span carries one value.
 */
import { ALL_AFTER, type Key } from '../machine/values.ts';

interface Branch<Value> {
  readonly from: Key;
  /** Exclusive; ALL_AFTER: no end. */
  readonly to: Key;
  readonly value: Value;
  left: Branch<Value> | undefined;
  right: Branch<Value> | undefined;
  /** Of the subtree. Those of left and right differ by at most one. */
  height: number;
  /** The furthest `to` in the subtree. */
  reach: Key;
}

export class SpanTree<Value> {
  private root: Branch<Value> | undefined;

  get isEmpty(): boolean {
    return this.root === undefined;
  }

  /** The longest way from the root to a leaf: what a search costs at most, beside what it finds. */
  get height(): number {
    return heightOf(this.root);
  }

  get(from: Key, to: Key): Value | undefined {
    let branch = this.root;
    while (branch !== undefined) {
      const order = compareSpans(from, to, branch);
      if (order === 0) return branch.value;
      branch = order < 0 ? branch.left : branch.right;
    }
    return undefined;
  }

  /** Adds a span that is not in the tree. */
  add(from: Key, to: Key, value: Value): void {
    this.root = insert(this.root, {
      from,
      to,
      value,
      left: undefined,
      right: undefined,
      height: 1,
      reach: to,
    });
  }

  /** Takes a span out; one that is not in is left alone. */
  remove(from: Key, to: Key): void {
    this.root = remove(this.root, from, to);
  }

  /** Appends the value of every span that contains the key. */
  collect(key: Key, into: Value[]): void {
    collect(this.root, key, key, into);
  }

  /** Appends the value of every span that contains any key from `first` to `last`, both included. */
  collectOverlapping(first: Key, last: Key, into: Value[]): void {
    collect(this.root, first, last, into);
  }
}

/** Whether a span that ends at `to` goes past the key. */
function endsAfter(to: Key, key: Key): boolean {
  return to === ALL_AFTER || key < to;
}

function further(a: Key, b: Key): Key {
  if (a === ALL_AFTER || b === ALL_AFTER) return ALL_AFTER;
  return a < b ? b : a;
}

function compareSpans(from: Key, to: Key, branch: Branch<unknown>): number {
  if (from !== branch.from) return from < branch.from ? -1 : 1;
  if (to !== branch.to) return to < branch.to ? -1 : 1;
  return 0;
}

function collect<Value>(branch: Branch<Value> | undefined, first: Key, last: Key, into: Value[]): void {
  while (branch !== undefined && endsAfter(branch.reach, first)) {
    collect(branch.left, first, last, into);
    // Everything to the right begins after the last key, too.
    if (last < branch.from) return;
    if (endsAfter(branch.to, first)) into.push(branch.value);
    branch = branch.right;
  }
}

function insert<Value>(branch: Branch<Value> | undefined, added: Branch<Value>): Branch<Value> {
  if (branch === undefined) return added;
  if (compareSpans(added.from, added.to, branch) < 0) branch.left = insert(branch.left, added);
  else branch.right = insert(branch.right, added);
  return balance(branch);
}

function remove<Value>(branch: Branch<Value> | undefined, from: Key, to: Key): Branch<Value> | undefined {
  if (branch === undefined) return undefined;
  const order = compareSpans(from, to, branch);
  if (order < 0) branch.left = remove(branch.left, from, to);
  else if (order > 0) branch.right = remove(branch.right, from, to);
  else {
    if (branch.left === undefined) return branch.right;
    if (branch.right === undefined) return branch.left;
    const successor = leftmost(branch.right);
    successor.right = remove(branch.right, successor.from, successor.to);
    successor.left = branch.left;
    return balance(successor);
  }
  return balance(branch);
}

function leftmost<Value>(branch: Branch<Value>): Branch<Value> {
  while (branch.left !== undefined) branch = branch.left;
  return branch;
}

const heightOf = (branch: Branch<unknown> | undefined): number => branch?.height ?? 0;

/** Rights the branch, whose subtrees are right and differ by at most two in height; returns what stands there now. */
function balance<Value>(branch: Branch<Value>): Branch<Value> {
  const lean = heightOf(branch.left) - heightOf(branch.right);
  if (lean > 1) {
    const left = branch.left!;
    if (heightOf(left.left) < heightOf(left.right)) branch.left = rotateLeft(left);
    return rotateRight(branch);
  }
  if (lean < -1) {
    const right = branch.right!;
    if (heightOf(right.right) < heightOf(right.left)) branch.right = rotateRight(right);
    return rotateLeft(branch);
  }
  measure(branch);
  return branch;
}

function rotateRight<Value>(branch: Branch<Value>): Branch<Value> {
  const top = branch.left!;
  branch.left = top.right;
  top.right = branch;
  measure(branch);
  measure(top);
  return top;
}

function rotateLeft<Value>(branch: Branch<Value>): Branch<Value> {
  const top = branch.right!;
  branch.right = top.left;
  top.left = branch;
  measure(branch);
  measure(top);
  return top;
}

function measure(branch: Branch<unknown>): void {
  const { left, right } = branch;
  branch.height = 1 + Math.max(heightOf(left), heightOf(right));
  let reach = branch.to;
  if (left !== undefined) reach = further(reach, left.reach);
  if (right !== undefined) reach = further(reach, right.reach);
  branch.reach = reach;
}
