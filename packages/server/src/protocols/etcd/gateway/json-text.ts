/**
 * JSON as text, before anything knows its meaning: where one value of a stream ends, how much there is of it, and numbers that
 * JavaScript's parser would round. Knows no message.
 */
import { JSON_VALUES_MAX } from './limits.ts';

/** A request whose JSON is no request: what the client is told. */
export class MalformedJson extends Error {}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;

/** Functions and not sets: every character of every request comes by here. */
function opens(code: number): boolean {
  return code === 0x7b || code === 0x5b;
}
function closes(code: number): boolean {
  return code === 0x7d || code === 0x5d;
}
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Throws MalformedJson, also where a value is refused for its size alone. */
export function parseJson(text: string): unknown {
  const value = parsed(text);
  if (value instanceof SyntaxError)
    throw new MalformedJson(isCutOff(text) ? 'unexpected EOF' : `invalid JSON: ${value.message}`);
  return value;
}

/** The first value of a text; what stands behind it is passed over, as in etcd. undefined: there is none. */
export function parseFirstJson(text: string): unknown {
  if (text.trimStart() === '') return undefined;
  const value = parsed(text);
  if (!(value instanceof SyntaxError)) return value;
  const splitter = new JsonSplitter();
  return parseJson(splitter.push(text.trimStart())[0] ?? splitter.finish());
}

function parsed(text: string): unknown {
  refuseTooMany(text);
  try {
    return JSON.parse(quoteLongIntegers(text));
  } catch (error) {
    if (error instanceof SyntaxError) return error;
    throw error;
  }
}

function refuseTooMany(text: string): void {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || opens(code)) count++;
  }
  if (count > JSON_VALUES_MAX)
    throw new MalformedJson(`a request of more than ${JSON_VALUES_MAX} values; send several`);
}

function isCutOff(text: string): boolean {
  const splitter = new JsonSplitter();
  return splitter.push(text).length === 0;
}

const LONG_INTEGER = /(?<![\w.+-])-?\d{16,}(?![\w.])/g;

/** Integers past 2^53 become strings, which protobuf's JSON takes for the same number; what stands in quotes is left. */
export function quoteLongIntegers(text: string): string {
  if (!/\d{16}/.test(text)) return text;
  let quoted = '';
  for (let at = 0; at < text.length; ) {
    const open = text.indexOf('"', at);
    const end = open < 0 ? text.length : open;
    quoted += text.slice(at, end).replace(LONG_INTEGER, '"$&"');
    if (open < 0) break;
    at = endOfString(text, open + 1);
    quoted += text.slice(open, at);
  }
  return quoted;
}

/** The place behind the closing quote; the text's end where there is none. */
function endOfString(text: string, from: number): number {
  for (let at = from; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) return at + 1;
    if (code === BACKSLASH) at++;
  }
  return text.length;
}

/** Finds the values in a stream of them, one behind the other, however it is cut into pieces. */
export class JsonSplitter {
  private rest = '';
  /** How far `rest` was looked at. */
  private looked = 0;
  private depth = 0;
  private inString = false;
  /** Whether `rest` holds more than blanks up to `looked`. */
  private begun = false;

  /** Characters of a value that has not ended. */
  get unfinished(): number {
    return this.rest.length;
  }

  /** The values that end in this piece. */
  push(piece: string): string[] {
    this.rest += piece;
    const values: string[] = [];
    for (let end = this.nextEnd(); end > 0; end = this.nextEnd()) {
      values.push(this.rest.slice(0, end));
      this.rest = this.rest.slice(end);
      this.looked = 0;
      this.begun = false;
    }
    return values;
  }

  /** What is left once there is no more: a value without brackets, or one cut off; '' where there is nothing. */
  finish(): string {
    return this.rest.trim();
  }

  /** The end of the first value in `rest`; 0: it has not ended. */
  private nextEnd(): number {
    const { rest } = this;
    // The fields are written once: to write them for every character takes ten times as long.
    let { depth, inString, begun } = this;
    let end = 0;
    let at = this.looked;
    for (; at < rest.length && end === 0; at++) {
      const code = rest.charCodeAt(at);
      if (inString) {
        if (code === BACKSLASH) at++;
        else if (code === QUOTE) inString = false;
      } else if (code === QUOTE) inString = true;
      else if (opens(code)) depth++;
      else if (closes(code) && depth > 0) {
        depth--;
        if (depth === 0) end = at + 1;
      } else if (depth === 0 && isBlank(code)) {
        if (begun) end = at;
        continue;
      }
      begun = true;
    }
    Object.assign(this, { depth, inString, begun });
    // Past the end by one where a backslash ends the piece: what it escapes is not looked at either.
    this.looked = at;
    return end;
  }
}
