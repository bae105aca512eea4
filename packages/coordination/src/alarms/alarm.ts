/** What may be wrong with a member so that the whole cluster must know: the words for it, alike in commands and answers. */

export const ALARM_KINDS = ['noSpace', 'corrupt'] as const;

/** `noSpace`: its store is at its quota. `corrupt`: what it holds is not what the others hold. */
export type AlarmKind = (typeof ALARM_KINDS)[number];

export interface Alarm {
  /** Whom it is about, as 16 hex digits. Not always a member: whoever raises one by hand may name anybody. */
  readonly member: string;
  readonly kind: AlarmKind;
  /**
   * Raised by a member, not by hand. A member clears its own `noSpace` so raised once there is space; everything else stays
   * until somebody clears it.
   */
  readonly isAutomatic: boolean;
}
