/** What was done to a keyspace since it was opened, in plain numbers for whoever counts. The state does not depend on it. */
export class KeyspaceTally {
  /** Ranges and pages read, those in transactions included. */
  ranges = 0;
  /** Puts carried out, those in transactions included; and the bytes of their keys and values. */
  puts = 0;
  putBytes = 0;
  /** Deletions carried out, of however many keys; of what a lease takes with it each key is one. */
  deletions = 0;
  /** Transactions carried out, each with all that is in it. */
  transactions = 0;
  /** Rows that compaction took away. */
  rowsCompacted = 0;
  /** Compactions after which all that they let go of was taken away. */
  compactions = 0;
}
