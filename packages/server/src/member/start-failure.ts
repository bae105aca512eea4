/** Why a member could not start, in words for whoever started it: what is wrong, and what to do. */
export class StartFailure extends Error {
  override readonly name = 'StartFailure';
}
