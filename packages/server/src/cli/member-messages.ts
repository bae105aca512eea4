/** What a member's process sends over its channel, if it was started with one. */

/** It serves clients. */
export const READY_MESSAGE = 'ready';
/** It was removed from its cluster, and ends. */
export const REMOVED_MESSAGE = 'removed';
