/** Thrown by every decoder of bytes that came from a disk or a network; the boundary that read them turns it into a value. */
export class MalformedBytes extends Error {
  override readonly name = 'MalformedBytes';
}
