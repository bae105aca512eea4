/** What the process that is killed, and the test that kills it, agree on. */
export const ROWS_A_ROUND = 300;
