/**
 * A header field, and a list of them as one block carried it. What a name means to HTTP/2 (RFC 9113 section 8.2 and 8.3)
 * is worked out once when the field is made, so that a request of indexed fields is checked by comparing small numbers.
 * Knows nothing of tables and bytes.
 */

/** What a field's name makes of it. */
export const FIELD_CLASS = {
  regular: 0,
  method: 1,
  scheme: 2,
  path: 3,
  authority: 4,
  status: 5,
  /** content-length: what the DATA frames must add up to. */
  contentLength: 6,
  /** Breaks a rule of section 8.2: the message that carries it is malformed. */
  forbidden: 7,
} as const;
export type FieldClass = (typeof FIELD_CLASS)[keyof typeof FIELD_CLASS];

/** What a field costs in tables and in lists, over its bytes (RFC 7541 section 4.1). */
export const FIELD_OVERHEAD_BYTES = 32;

const CLASS_OF_PSEUDO: ReadonlyMap<string, FieldClass> = new Map([
  [':method', FIELD_CLASS.method],
  [':scheme', FIELD_CLASS.scheme],
  [':path', FIELD_CLASS.path],
  [':authority', FIELD_CLASS.authority],
  [':status', FIELD_CLASS.status],
]);

/** Names that speak of an HTTP/1 connection (RFC 9113 section 8.2.2). */
const CONNECTION_NAMES: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
]);

/** Field names: visible ASCII but no upper case, no colon, no blank (section 8.2.1). */
const NAME = /^[\x21-\x39\x3b-\x40\x5b-\x7e]+$/;
/** Zero, line feed and carriage return anywhere, or a blank at an end. */
const BAD_VALUE = /[\0\n\r]|^[ \t]|[ \t]$/;

function classify(name: string, value: string): FieldClass {
  if (BAD_VALUE.test(value)) return FIELD_CLASS.forbidden;
  const pseudo = CLASS_OF_PSEUDO.get(name);
  if (pseudo !== undefined) return pseudo;
  if (name === 'content-length') return FIELD_CLASS.contentLength;
  if (!NAME.test(name) || CONNECTION_NAMES.has(name)) return FIELD_CLASS.forbidden;
  if (name === 'te' && value !== 'trailers') return FIELD_CLASS.forbidden;
  return FIELD_CLASS.regular;
}

export class HeaderField {
  readonly name: string;
  /** A character a byte. */
  readonly value: string;
  readonly class: FieldClass;
  /** As tables and limits count it. */
  readonly bytes: number;

  constructor(name: string, value: string) {
    this.name = name;
    this.value = value;
    this.class = classify(name, value);
    this.bytes = name.length + value.length + FIELD_OVERHEAD_BYTES;
  }
}

/** What one block decoded to. Shared by all streams whose block was the same bytes, so nobody writes to it. */
export class HeaderList {
  readonly fields: HeaderField[] = [];
  /** Counted as SETTINGS_MAX_HEADER_LIST_SIZE counts; goes on rising past the limit, while `fields` does not. */
  bytes = 0;
  /** More than the limit: `fields` is a part of what came. */
  tooLarge = false;
  /** Rules of section 8.2 and 8.3 that any message must keep: broken. */
  malformed = false;
  method: string | undefined = undefined;
  scheme: string | undefined = undefined;
  path: string | undefined = undefined;
  authority: string | undefined = undefined;
  status: string | undefined = undefined;
  contentLength: string | undefined = undefined;
  private regularSeen = false;

  add(field: HeaderField, bytesMax: number): void {
    this.bytes += field.bytes;
    if (this.bytes > bytesMax) {
      this.tooLarge = true;
      return;
    }
    this.fields.push(field);
    if (field.class === FIELD_CLASS.regular) this.regularSeen = true;
    else this.addSpecial(field);
  }

  /** A pseudo-field comes once, and before all others. */
  private addSpecial(field: HeaderField): void {
    if (this.regularSeen && field.class !== FIELD_CLASS.contentLength) this.malformed = true;
    const value = field.value;
    switch (field.class) {
      case FIELD_CLASS.method:
        if (this.method !== undefined) this.malformed = true;
        this.method = value;
        return;
      case FIELD_CLASS.scheme:
        if (this.scheme !== undefined) this.malformed = true;
        this.scheme = value;
        return;
      case FIELD_CLASS.path:
        if (this.path !== undefined || value === '') this.malformed = true;
        this.path = value;
        return;
      case FIELD_CLASS.authority:
        if (this.authority !== undefined) this.malformed = true;
        this.authority = value;
        return;
      case FIELD_CLASS.status:
        if (this.status !== undefined) this.malformed = true;
        this.status = value;
        return;
      case FIELD_CLASS.contentLength:
        if (this.contentLength !== undefined && this.contentLength !== value) this.malformed = true;
        this.regularSeen = true;
        this.contentLength = value;
        return;
      default:
        this.malformed = true;
    }
  }

  /** The first value of a name in lower case. */
  get(name: string): string | undefined {
    for (const field of this.fields) if (field.name === name) return field.value;
    return undefined;
  }

  /** Fit to begin a request (section 8.3.1). CONNECT has neither scheme nor path. */
  get isRequest(): boolean {
    if (this.malformed || this.method === undefined || this.status !== undefined) return false;
    if (this.method === 'CONNECT') return this.scheme === undefined && this.path === undefined;
    return this.scheme !== undefined && this.path !== undefined;
  }

  /** Fit to begin a response (section 8.3.2). */
  get isResponse(): boolean {
    return !this.malformed && this.status !== undefined && !this.hasRequestFields;
  }

  /** Fit to end a message: no pseudo-field at all (section 8.1). */
  get isTrailers(): boolean {
    return !this.malformed && this.status === undefined && !this.hasRequestFields;
  }

  private get hasRequestFields(): boolean {
    return (
      this.method !== undefined ||
      this.scheme !== undefined ||
      this.path !== undefined ||
      this.authority !== undefined
    );
  }
}
