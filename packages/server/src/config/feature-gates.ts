/**
 * etcd's `--feature-gates`: experiments that are switched on by name, as in `InitialCorruptCheck=true,CompactHashCheck=true`.
 * Every gate of etcd is known; most are about parts that Synod does not have.
 */
import { refuse, refuseUsage } from './config-problem.ts';
import { booleanOf } from './flag-values.ts';
import type { GivenValue } from './given-flags.ts';

/** Gates that mean something here. All are off unless they are switched on, as in etcd. */
export interface FeatureGates {
  readonly InitialCorruptCheck: boolean;
  readonly CompactHashCheck: boolean;
}

type WorkingGate = keyof FeatureGates;

const WORKING: readonly WorkingGate[] = ['InitialCorruptCheck', 'CompactHashCheck'];

/** What happens whatever they say: the end of a sentence. Those of etcd that do something are on by default. */
const HARMLESS: Readonly<Record<string, { readonly default: boolean; readonly instead: string }>> = {
  StopGRPCServiceOnDefrag: { default: false, instead: 'a member serves while its store is defragmented' },
  TxnModeWriteWithSharedBuffer: { default: true, instead: 'there is no such buffer' },
  LeaseCheckpoint: { default: false, instead: 'the time that leases have left is always checkpointed' },
  LeaseCheckpointPersist: { default: false, instead: 'checkpoints of leases always last' },
  SetMemberLocalAddr: {
    default: false,
    instead: 'the system chooses where connections to members come from',
  },
};

/** Stands for all gates that etcd calls alpha or beta. */
const GROUPS: ReadonlyMap<string, readonly WorkingGate[]> = new Map([
  ['AllAlpha', WORKING],
  ['AllBeta', []],
]);

export function featureGatesOf(given: GivenValue, warn: (message: string) => void): FeatureGates {
  const gates = { InitialCorruptCheck: false, CompactHashCheck: false };
  const single = new Map<WorkingGate, boolean>();
  for (const pair of given.text.split(',').map((part) => part.trim())) {
    if (pair === '') continue;
    const [name, value, ...rest] = pair.split('=').map((part) => part.trim());
    if (name === undefined || value === undefined || rest.length > 0)
      refuseUsage(`invalid value "${given.text}" for ${given.origin}: missing bool value for ${name}`);
    const isOn = booleanOf({ text: value, origin: `${name} in ${given.origin}` });
    const group = GROUPS.get(name);
    const harmless = Object.hasOwn(HARMLESS, name) ? HARMLESS[name] : undefined;
    if (group !== undefined) for (const gate of group) gates[gate] = isOn;
    else if (isWorking(name)) single.set(name, isOn);
    else if (harmless === undefined) refuse(`${given.origin}: unrecognized feature gate: ${name}`);
    else if (isOn !== harmless.default)
      warn(`${name} in ${given.origin} changes nothing in Synod: ${harmless.instead}`);
  }
  // What is said of one gate counts more than what is said of all, wherever it stands.
  for (const [gate, isOn] of single) gates[gate] = isOn;
  return gates;
}

function isWorking(name: string): name is WorkingGate {
  return (WORKING as readonly string[]).includes(name);
}
