/** The shape of a role's message table: total, so that a message without a decision in some role does not compile. */
import type { MemberId } from '../core/numbers.ts';
import type { RaftMessageKind, RaftMessageOf } from './messages.ts';
import type { RoleState } from './role-state.ts';
import type { RaftState } from './state.ts';

export type RoleKind = RoleState['kind'];
export type RoleOf<Kind extends RoleKind> = Extract<RoleState, { kind: Kind }>;

/** Takes a message whose term is the replica's own (a pre-vote's may differ). */
export type MessageHandler<Role, Kind extends RaftMessageKind> = (
  state: RaftState,
  role: Role,
  from: MemberId,
  message: RaftMessageOf<Kind>,
) => void;

export type MessageHandlers<Role> = { readonly [Kind in RaftMessageKind]: MessageHandler<Role, Kind> };

/** For what was meant for a role that this replica no longer has, or does not have yet. */
export function ignore(): void {}
