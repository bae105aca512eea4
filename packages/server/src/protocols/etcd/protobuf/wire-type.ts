/** The four wire types of protobuf that are still in use, and how a field's number and type make its tag. Knows no message. */

export const VARINT = 0;
export const FIXED64 = 1;
export const LENGTH_DELIMITED = 2;
export const FIXED32 = 5;

/** The highest field number protobuf allows. */
export const FIELD_NUMBER_MAX = 2 ** 29 - 1;

/** A tag as the decoders compare it: a constant each, so that a switch on tags needs no arithmetic. */
export function tag(field: number, wireType: number): number {
  return field * 8 + wireType;
}
