/** Limits of tokens. */

/** Letters at the start of a simple token, as etcd's. */
export const SIMPLE_TOKEN_LETTERS = 16;

/** Verified JSON web tokens that are remembered, so that a signature is not checked with each request. */
export const VERIFIED_TOKENS_MAX = 10_000;

/** A longer token is none: no key makes one of a user's name that long. */
export const TOKEN_CHARACTERS_MAX = 64 * 1024;
