/** What the exit codes of client commands mean: etcdctl's, so that scripts written for it go on to work. */

export const EXIT_DONE = 0;
export const EXIT_FAILED = 1;
/** No connection, or one that was refused to this user. */
export const EXIT_BAD_CONNECTION = 2;
/** What came on standard input, or from the terminal. */
export const EXIT_INVALID_INPUT = 3;
/** A combination, or an output format, that does not exist. */
export const EXIT_BAD_FEATURE = 4;
export const EXIT_INTERRUPTED = 5;
export const EXIT_INPUT_OUTPUT = 6;
export const EXIT_BAD_ARGUMENTS = 128;
/** Ended by Ctrl-C, as a shell tells it of a process that took no notice of the signal. */
export const EXIT_BY_SIGNAL = 130;
