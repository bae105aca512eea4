/**
 * The Huffman code of HPACK (RFC 7541 section 5.2 and appendix B). The code is canonical, so the lengths say it all: the
 * codes are numbered here, and the decoder is a machine that eats four bits a step. Knows nothing of header fields.
 */

/** The length in bits of the code of each byte, and of the end-of-string mark (256). */
const CODE_LENGTHS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28,
  28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7,
  8, 15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19,
  13, 14, 6, 15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13,
  28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21,
  22, 23, 22, 23, 23, 24, 22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21, 23,
  22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25,
  25, 24, 24, 26, 23, 26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26, 30,
];

const END_OF_STRING = 256;
const CODES = new Uint32Array(257);
const LENGTHS = Uint8Array.from(CODE_LENGTHS);

/** Shorter codes first, then by symbol: what "canonical" means. */
function numberCodes(): void {
  const symbols = Array.from({ length: 257 }, (_, symbol) => symbol);
  symbols.sort((left, right) => LENGTHS[left]! - LENGTHS[right]! || left - right);
  let code = 0;
  let length = 0;
  for (const symbol of symbols) {
    code <<= LENGTHS[symbol]! - length;
    length = LENGTHS[symbol]!;
    CODES[symbol] = code++;
  }
}

/**
 * For each (state, four bits): the next state in bits 0-8, a symbol in bits 9-16, then three flags. A state is an inner
 * node of the code's tree. No code is shorter than five bits, so that one step completes one symbol at most.
 */
let steps = new Uint32Array(0);
const NEXT_STATE = 0x1ff;
const SYMBOL_SHIFT = 9;
const EMITS = 1 << 17;
const FAILS = 1 << 18;
/** Whether a string may end in this state: at most seven bits of padding, all ones. */
let mayEnd = new Uint8Array(0);

interface TreeNode {
  readonly depth: number;
  readonly onlyOnes: boolean;
  state: number;
  zero: TreeNode | undefined;
  one: TreeNode | undefined;
  symbol: number;
}

function treeNode(depth: number, onlyOnes: boolean): TreeNode {
  return { depth, onlyOnes, state: -1, zero: undefined, one: undefined, symbol: -1 };
}

function buildTree(inner: TreeNode[]): TreeNode {
  const root = treeNode(0, true);
  root.state = 0;
  inner.push(root);
  for (let symbol = 0; symbol <= END_OF_STRING; symbol++) {
    let at = root;
    for (let bit = LENGTHS[symbol]! - 1; bit >= 0; bit--) {
      const one = ((CODES[symbol]! >>> bit) & 1) === 1;
      let next = one ? at.one : at.zero;
      if (next === undefined) {
        next = treeNode(at.depth + 1, at.onlyOnes && one);
        if (one) at.one = next;
        else at.zero = next;
        if (bit > 0) {
          next.state = inner.length;
          inner.push(next);
        }
      }
      at = next;
    }
    at.symbol = symbol;
  }
  return root;
}

function buildSteps(): void {
  const inner: TreeNode[] = [];
  const root = buildTree(inner);
  steps = new Uint32Array(inner.length * 16);
  mayEnd = new Uint8Array(inner.length);
  for (const from of inner) {
    mayEnd[from.state] = from.onlyOnes && from.depth <= 7 ? 1 : 0;
    for (let bits = 0; bits < 16; bits++) steps[from.state * 16 + bits] = step(root, from, bits);
  }
}

function step(root: TreeNode, from: TreeNode, bits: number): number {
  let at = from;
  let emitted = 0;
  for (let bit = 3; bit >= 0; bit--) {
    const next = ((bits >>> bit) & 1) === 1 ? at.one : at.zero;
    if (next === undefined || next.symbol === END_OF_STRING) return FAILS;
    if (next.symbol >= 0) {
      emitted = EMITS | (next.symbol << SYMBOL_SHIFT);
      at = root;
    } else {
      at = next;
    }
  }
  return emitted | at.state;
}

numberCodes();
buildSteps();

/** Bytes that `text` (a character a byte) takes when encoded. */
export function huffmanLength(text: string): number {
  let bits = 0;
  for (let i = 0; i < text.length; i++) bits += LENGTHS[text.charCodeAt(i) & 0xff]!;
  return (bits + 7) >>> 3;
}

/** Writes `text`, a character a byte; returns the offset behind it. */
export function huffmanEncode(text: string, into: Uint8Array, offset: number): number {
  let held = 0;
  let heldBits = 0;
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i) & 0xff;
    let left = LENGTHS[symbol]!;
    const code = CODES[symbol]!;
    while (left > 0) {
      const take = Math.min(left, 8 - heldBits);
      held = (held << take) | ((code >>> (left - take)) & ((1 << take) - 1));
      heldBits += take;
      left -= take;
      if (heldBits === 8) {
        into[offset++] = held;
        held = 0;
        heldBits = 0;
      }
    }
  }
  if (heldBits > 0) into[offset++] = (held << (8 - heldBits)) | ((1 << (8 - heldBits)) - 1);
  return offset;
}

/** No code is shorter than five bits: the most bytes that `encodedBytes` can stand for. */
export function huffmanDecodedBytesMax(encodedBytes: number): number {
  return Math.floor((encodedBytes * 8) / 5);
}

/** Decodes bytes[start..end) into `into`; returns how many bytes came out, or -1 where the coding is wrong. */
export function huffmanDecode(bytes: Uint8Array, start: number, end: number, into: Uint8Array): number {
  let state = 0;
  let length = 0;
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    let result = steps[state * 16 + (byte >>> 4)]!;
    if ((result & FAILS) !== 0) return -1;
    if ((result & EMITS) !== 0) into[length++] = (result >>> SYMBOL_SHIFT) & 0xff;
    state = result & NEXT_STATE;
    result = steps[state * 16 + (byte & 15)]!;
    if ((result & FAILS) !== 0) return -1;
    if ((result & EMITS) !== 0) into[length++] = (result >>> SYMBOL_SHIFT) & 0xff;
    state = result & NEXT_STATE;
  }
  return mayEnd[state] === 1 ? length : -1;
}
