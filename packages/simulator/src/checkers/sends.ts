/** What watchers remember of messages between the step that asks for them and the moment when they leave. */
import type { MemberId, PeerMessage } from '@synod/consensus';
import { NoteOn } from './note-on.ts';

/**
 * Who gets a message, and which write it waits for. One that goes to several is the same for all of them. Most messages wait
 * for nothing and may go to anybody: they are left out.
 */
export const sends = new NoteOn<PeerMessage, { readonly to: MemberId; readonly after: number }>();
