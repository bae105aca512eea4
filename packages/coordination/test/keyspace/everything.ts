/** The question for all there is, as a pattern for others. */
import { ALL_AFTER, key, type RangeQuery } from '@synod/coordination';

export const EVERYTHING: RangeQuery = {
  span: { from: key('\0'), to: ALL_AFTER },
  revision: 0,
  limit: 0,
  sort: undefined,
  keysOnly: false,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};
