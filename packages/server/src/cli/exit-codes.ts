/** What the exit codes of `synod` mean. The same as etcd's, so that units and scripts written for it go on to work. */

export const EXIT_OK = 0;
/** It could not start or not go on; the last line says why. */
export const EXIT_FAILED = 1;
/** The command line cannot be read. */
export const EXIT_USAGE = 2;
/** Ctrl-C ended it before it was through; what was done until then is told. As shells have it: 128 and the signal. */
export const EXIT_INTERRUPTED = 130;
