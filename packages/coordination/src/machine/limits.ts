/** The machine's limits. */

/** Transactions inside transactions; deeper ones are not a command list. Far above what any protocol lets through. */
export const TRANSACTION_DEPTH_MAX = 256;

/** Bytes of one piece of an image. */
export const IMAGE_PIECE_BYTES = 64 * 1024;
