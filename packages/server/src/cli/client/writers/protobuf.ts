/** `-w protobuf`: the answer's own bytes, and nothing around them. */
import { RPC, type Rpc } from '../../../client/rpc.ts';
import { ProtobufWriter } from '../../../protocols/etcd/protobuf/writer.ts';
import type { Writer } from './results.ts';

export const protobufWriter: Writer = {
  range: ({ response }) => encoded(RPC.range, response),
  put: (response) => encoded(RPC.put, response),
  deleteRange: (response) => encoded(RPC.deleteRange, response),
  transaction: (response) => encoded(RPC.transaction, response),
  watch: (response) => encoded(RPC.watch, response),
  leaseRevoke: ({ response }) => encoded(RPC.leaseRevoke, response),
  memberList: (response) => encoded(RPC.memberList, response),
  memberAdd: ({ response }) => encoded(RPC.memberAdd, response),
  memberChange: ({ response }) => encoded(RPC.memberList, response),
  alarm: (response) => encoded(RPC.alarm, response),
  moveLeader: ({ response }) => encoded(RPC.moveLeader, response),
  authStatus: (response) => encoded(RPC.authStatus, response),
  roleGet: ({ response }) => encoded(RPC.roleGet, response),
  roleList: (response) => encoded(RPC.roleList, response),
  userGet: ({ response }) => encoded(RPC.userGet, response),
  userList: (response) => encoded(RPC.userList, response),
  done: ({ response }) => encoded(RPC.compact, response),
};

function encoded<Response>(
  rpc: Rpc<never, Response> | { response: Rpc<unknown, Response>['response'] },
  response: Response,
): string {
  const writer = new ProtobufWriter();
  rpc.response.encode(writer, response);
  return writer.finish().toString('latin1');
}
