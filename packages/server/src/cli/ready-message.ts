/** What a member's process sends over its channel, if it was started with one, once it serves clients. */
export const READY_MESSAGE = 'ready';
