/** The messages of etcdserverpb.Cluster as a client writes and reads them. Names are the protocol's own. */
import {
  memberListResponse as listFields,
  member,
  memberListRequest,
} from '../../protocols/etcd/messages/rare-messages.ts';
import {
  message,
  messageTable,
  repeated,
  repeatedMessage,
  scalar,
} from '../../protocols/etcd/protobuf/message-table.ts';
import { answer } from './answer.ts';

export { memberListRequest };
export type Member = ReturnType<typeof member.empty>;

export const memberListResponse = answer(listFields.fields);
export type MemberListResponse = ReturnType<typeof memberListResponse.empty>;

export const memberAddRequest = messageTable({
  peerURLs: repeated(1, 'text'),
  isLearner: scalar(2, 'bool'),
});

export const memberAddResponse = answer({
  member: message(2, member),
  members: repeatedMessage(3, member),
});
export type MemberAddResponse = ReturnType<typeof memberAddResponse.empty>;

/** MemberRemove and MemberPromote. */
export const memberRequest = messageTable({ ID: scalar(1, 'id') });

export const memberUpdateRequest = messageTable({
  ID: scalar(1, 'id'),
  peerURLs: repeated(2, 'text'),
});
