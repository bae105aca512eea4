/** Synod's own flags against one client that takes what all need. 0 means that there is no such limit, or that another says. */
import { countOf } from './flag-values.ts';
import type { WorkingFlagName } from './flags.ts';
import type { GivenValue } from './given-flags.ts';
import type { MemberConfig } from './member-config.ts';

export function clientLimits(
  flagValue: (name: WorkingFlagName) => GivenValue,
): Pick<MemberConfig, 'connectionsMax' | 'connectionsPerAddressMax' | 'requestsPerSecondMax'> {
  const boundOf = (name: WorkingFlagName): number | undefined => {
    const count = countOf(flagValue(name), 0);
    return count === 0 ? undefined : count;
  };
  return {
    connectionsMax: boundOf('max-client-connections'),
    connectionsPerAddressMax: boundOf('max-client-connections-per-address') ?? Number.POSITIVE_INFINITY,
    requestsPerSecondMax: boundOf('max-requests-per-second') ?? Number.POSITIVE_INFINITY,
  };
}
