/** The messages of etcdserverpb.Cluster as a client writes and reads them. Names are the protocol's own. */
import {
  memberAddResponse as addFields,
  memberListResponse as listFields,
  type member,
} from '../../protocols/etcd/messages/rare-messages.ts';
import { answer } from './answer.ts';

export {
  memberAddRequest,
  memberListRequest,
  memberRequest,
  memberUpdateRequest,
} from '../../protocols/etcd/messages/rare-messages.ts';
export type Member = ReturnType<typeof member.empty>;

export const memberListResponse = answer(listFields.fields);
export type MemberListResponse = ReturnType<typeof memberListResponse.empty>;

export const memberAddResponse = answer(addFields.fields);
export type MemberAddResponse = ReturnType<typeof memberAddResponse.empty>;
