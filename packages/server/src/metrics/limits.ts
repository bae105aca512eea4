/** What a client can make the metrics hold. */

/** Versions that clients say they are: those that come when there are so many count together. */
export const CLIENT_VERSIONS_MAX = 100;

/** Characters of one; more are cut off. */
export const CLIENT_VERSION_LENGTH_MAX = 64;
