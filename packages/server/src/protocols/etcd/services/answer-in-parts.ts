/** Answers that are long: they are made over several turns, in which the member serves others, and sent as one message. */
import type { MemberFace } from '../member-face.ts';
import type { UnaryCall } from '../rpc.ts';

/**
 * Has the answer's message made, its first step at once and the others a few a turn, and sends it with its header before it.
 * `making` yields where others may have their turn, and gives the rest of the message.
 */
export function answerInParts(
  face: MemberFace,
  call: UnaryCall,
  revision: number,
  making: Generator<void, readonly Uint8Array[]>,
): void {
  let isOver = false;
  call.onCancel = () => {
    isOver = true;
  };
  const goOn = (): void => {
    if (isOver) return;
    const step = making.next();
    if (step.done !== true) {
      face.turns.add(goOn);
      return;
    }
    face.writeHeader(revision);
    call.respondInParts([face.writer.finish(), ...step.value]);
  };
  goOn();
}
