/**
 * Makes a member the only one of its group, in its journal, before it is opened: for whoever knows that the others are gone for
 * good. What they alone held is lost; a member of them that runs again would be a second cluster of the same name.
 */
import type { RecoveredLog } from '../core/core.ts';
import type { LogRecord } from '../core/effects.ts';
import { type MemberId, NO_TICKET, ticket } from '../core/numbers.ts';
import type { JournalError } from '../journal/journal-error.ts';
import { type JournalOptions, openJournal } from '../journal/open.ts';

export type ForceResult =
  /** `entries` is how many the journal holds behind its snapshot; 0: there was nothing to be forced. */
  { readonly ok: true; readonly entries: number } | { readonly ok: false; readonly error: JournalError };

/** By a protocol's own rules; empty: nothing was ever decided there. @throws MalformedBytes */
export type ForcedMembership = (recovered: RecoveredLog, self: MemberId) => LogRecord[];

/** Durable when `done` is called. @throws MalformedBytes when the journal is of a version that this one cannot read */
export function forceAlone(
  options: JournalOptions,
  forced: ForcedMembership,
  done: (result: ForceResult) => void,
): void {
  openJournal(options, (opened) => {
    if (!opened.ok) {
      done(opened);
      return;
    }
    const { journal, recovered } = opened;
    const records = forced(recovered, options.identity.memberId);
    let failure: JournalError | undefined;
    journal.attach({
      durable: () => {},
      synced: () => {},
      failed: (error) => {
        failure = { kind: 'disk', error };
      },
    });
    if (records.length > 0) journal.append(ticket(NO_TICKET + 1), records);
    journal.close(() =>
      done(
        failure === undefined
          ? { ok: true, entries: records.length === 0 ? 0 : recovered.entries.length }
          : { ok: false, error: failure },
      ),
    );
  });
}
