/** Limits of the work on passwords, which is slow on purpose. */

/** Passwords that wait for a worker; past it: refused, as too many requests. */
export const PASSWORDS_WAITING_MAX = 1_000;

/** Worker threads at most; one processor is left to the main loop where there is another. */
export const PASSWORD_WORKERS_MAX = 4;

/** bcrypt looks at no more of a password than so many bytes; a longer one is refused when it is set. */
export const PASSWORD_BYTES_MAX = 72;
