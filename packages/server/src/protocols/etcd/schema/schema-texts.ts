/** How messages are written down in this folder: short enough to be read beside the published definitions. */

/** Number, type (a scalar's, or the full name of a message or an enum), and what else holds. */
export type FieldText = readonly [number: number, type: string, more?: 'repeated' | `one of ${string}`];

/** By full name, then by field; in the order of their numbers. */
export type MessageTexts = Readonly<Record<string, Readonly<Record<string, FieldText>>>>;

/** By full name; a value's number is its place. */
export type EnumTexts = Readonly<Record<string, readonly string[]>>;
