/**
 * Which spans contain a key: a balanced search tree (AVL) of distinct spans by their start, where every subtree knows
 * how far its spans reach. Finding the k spans around a key among n costs about k + log n steps, not n, as long as
 * spans nest like prefixes do. Knows nothing of watchers: a span carries one value.
 */
import { ALL_AFTER, type Key } from '../machine/values.ts';

interface SpanNode<Value> {
  readonly from: Key;
  /** Exclusive; ALL_AFTER: no end. */
  readonly to: Key;
  readonly value: Value;
  left: SpanNode<Value> | undefined;
  right: SpanNode<Value> | undefined;
  /** Of the subtree. Those of left and right differ by at most one. */
  height: number;
  /** The furthest `to` in the subtree. */
  reach: Key;
}

export class SpanTree<Value> {
  private root: SpanNode<Value> | undefined;

  get isEmpty(): boolean {
    return this.root === undefined;
  }

  /** The longest way from the root to a leaf: what a search costs at most, beside what it finds. */
  get height(): number {
    return heightOf(this.root);
  }

  get(from: Key, to: Key): Value | undefined {
    let node = this.root;
    while (node !== undefined) {
      const order = compareSpans(from, to, node);
      if (order === 0) return node.value;
      node = order < 0 ? node.left : node.right;
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
    collect(this.root, key, into);
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

function compareSpans(from: Key, to: Key, node: SpanNode<unknown>): number {
  if (from !== node.from) return from < node.from ? -1 : 1;
  if (to !== node.to) return to < node.to ? -1 : 1;
  return 0;
}

function collect<Value>(node: SpanNode<Value> | undefined, key: Key, into: Value[]): void {
  while (node !== undefined && endsAfter(node.reach, key)) {
    collect(node.left, key, into);
    // Everything to the right begins after the key, too.
    if (key < node.from) return;
    if (endsAfter(node.to, key)) into.push(node.value);
    node = node.right;
  }
}

function insert<Value>(node: SpanNode<Value> | undefined, added: SpanNode<Value>): SpanNode<Value> {
  if (node === undefined) return added;
  if (compareSpans(added.from, added.to, node) < 0) node.left = insert(node.left, added);
  else node.right = insert(node.right, added);
  return balance(node);
}

function remove<Value>(node: SpanNode<Value> | undefined, from: Key, to: Key): SpanNode<Value> | undefined {
  if (node === undefined) return undefined;
  const order = compareSpans(from, to, node);
  if (order < 0) node.left = remove(node.left, from, to);
  else if (order > 0) node.right = remove(node.right, from, to);
  else {
    if (node.left === undefined) return node.right;
    if (node.right === undefined) return node.left;
    const successor = leftmost(node.right);
    successor.right = remove(node.right, successor.from, successor.to);
    successor.left = node.left;
    return balance(successor);
  }
  return balance(node);
}

function leftmost<Value>(node: SpanNode<Value>): SpanNode<Value> {
  while (node.left !== undefined) node = node.left;
  return node;
}

const heightOf = (node: SpanNode<unknown> | undefined): number => node?.height ?? 0;

/** Rights the node, whose subtrees are right and differ by at most two in height; returns what stands there now. */
function balance<Value>(node: SpanNode<Value>): SpanNode<Value> {
  const lean = heightOf(node.left) - heightOf(node.right);
  if (lean > 1) {
    const left = node.left!;
    if (heightOf(left.left) < heightOf(left.right)) node.left = rotateLeft(left);
    return rotateRight(node);
  }
  if (lean < -1) {
    const right = node.right!;
    if (heightOf(right.right) < heightOf(right.left)) node.right = rotateRight(right);
    return rotateLeft(node);
  }
  measure(node);
  return node;
}

function rotateRight<Value>(node: SpanNode<Value>): SpanNode<Value> {
  const top = node.left!;
  node.left = top.right;
  top.right = node;
  measure(node);
  measure(top);
  return top;
}

function rotateLeft<Value>(node: SpanNode<Value>): SpanNode<Value> {
  const top = node.right!;
  node.right = top.left;
  top.left = node;
  measure(node);
  measure(top);
  return top;
}

function measure(node: SpanNode<unknown>): void {
  const { left, right } = node;
  node.height = 1 + Math.max(heightOf(left), heightOf(right));
  let reach = node.to;
  if (left !== undefined) reach = further(reach, left.reach);
  if (right !== undefined) reach = further(reach, right.reach);
  node.reach = reach;
}
