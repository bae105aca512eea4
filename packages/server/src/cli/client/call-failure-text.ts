/** A failed call as one line for a person: the server's own words where they say enough, and what to do where not. */
import type { CallFailure } from '../../client/call-failure.ts';
import { STATUS } from '../../grpc/status.ts';

export function callFailureText({ status }: CallFailure): string {
  switch (status.code) {
    case STATUS.deadlineExceeded:
      return `${status.text}: no answer in time. Has the cluster a leader? --command-timeout waits longer.`;
    case STATUS.unimplemented:
      return `this server does not serve that: ${status.text}`;
    default:
      return status.text;
  }
}
