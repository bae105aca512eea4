/** What can be asked of the list of members through the log. Ids are 16 hex digits. */

export type MemberCommand = { readonly module: 'members' } & MemberChange;

type MemberChange =
  /** What a member tells the others of itself when it starts; of one that was removed nobody wants to know. */
  | {
      readonly kind: 'publish';
      readonly id: string;
      readonly name: string;
      /** Counts only for a member that nobody has added: the others' are changed by `update` alone. */
      readonly peerUrls: readonly string[];
      readonly clientUrls: readonly string[];
    }
  | {
      readonly kind: 'add';
      readonly id: string;
      readonly peerUrls: readonly string[];
      readonly isLearner: boolean;
      /** Learners there may be with this one: a setting of whoever asks, so that all members decide alike. */
      readonly learnersMax: number;
    }
  /** From then on the id is never used again. */
  | { readonly kind: 'remove'; readonly id: string }
  | { readonly kind: 'update'; readonly id: string; readonly peerUrls: readonly string[] }
  /** A learner is to have a vote. */
  | { readonly kind: 'promote'; readonly id: string }
  /** The leader's own: the consensus does without this removed member, which may be turned away for good. */
  | { readonly kind: 'retire'; readonly id: string };
