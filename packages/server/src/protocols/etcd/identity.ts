/**
 * Makes out who makes a call: by the token in its metadata, as etcd reads it, or by the common name of the client's
 * certificate. What they may do is for others to say.
 */
import type { Caller } from '@synod/coordination';
import type { CoordinationService } from '@synod/coordination/service/service-api.ts';
import type { TokenOwner, Tokens } from '../../tokens/tokens.ts';
import type { CallMetadata } from './rpc.ts';

export interface Identity {
  /** Who it is now; `undefined`: nobody said. */
  caller(): Caller | undefined | 'invalidAuthToken';
}

/** Where callers do not count. */
export const ANYBODY: Identity = { caller: () => undefined };

const INVALID: Identity = { caller: () => 'invalidAuthToken' };

/** gRPC clients send the first, the JSON gateway's the second. */
const TOKEN_HEADERS = ['token', 'authorization'] as const;
const BEARER = /^bearer /i;

/** What the gateway adds to calls that it makes for others: its own certificate must not speak for them. */
const GATEWAY_HEADER = 'grpcgateway-accept';

/** `done` is called once, possibly before the return. */
export function identify(
  call: CallMetadata,
  tokens: Tokens,
  service: Pick<CoordinationService, 'auth' | 'authRevision'>,
  done: (identity: Identity) => void,
): void {
  const token = tokenOf(call);
  if (token === undefined) done(identityOfCertificate(call, service));
  else
    tokens.identify(token, (owner) => {
      if (owner === undefined) done(INVALID);
      else if (isAhead(owner, service)) service.auth({ complete: () => done(ownedBy(owner)) });
      else done(ownedBy(owner));
    });
}

/** Whether it was made at an auth revision that this member has yet to reach: there its user may be, and not here. */
function isAhead(owner: TokenOwner, service: Pick<CoordinationService, 'authRevision'>): boolean {
  const caller = owner.caller();
  return caller?.kind === 'user' && caller.authRevision > service.authRevision;
}

function tokenOf(call: CallMetadata): string | undefined {
  for (const header of TOKEN_HEADERS) {
    const value = call.metadata(header);
    if (value !== undefined) return value.replace(BEARER, '');
  }
  return undefined;
}

function identityOfCertificate(
  call: CallMetadata,
  service: Pick<CoordinationService, 'authRevision'>,
): Identity {
  const name = call.peerCommonName;
  if (name === undefined || name === '' || call.metadata(GATEWAY_HEADER) !== undefined) return ANYBODY;
  return { caller: () => ({ kind: 'user', name, authRevision: service.authRevision }) };
}

function ownedBy(owner: TokenOwner): Identity {
  return { caller: () => owner.caller() ?? 'invalidAuthToken' };
}
