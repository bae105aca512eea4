/** The header of an answer, and how a server's table, which begins behind the header, becomes a client's. */
import { type Fields, message, messageTable, scalar } from '../../protocols/etcd/protobuf/message-table.ts';

export const responseHeader = messageTable({
  cluster_id: scalar(1, 'id'),
  member_id: scalar(2, 'id'),
  revision: scalar(3, 'int64'),
  raft_term: scalar(4, 'int64'),
});

export type ResponseHeader = ReturnType<typeof responseHeader.empty>;

/** The table of an answer: its header, and these fields behind it. */
export function answer<const Given extends Fields>(fields: Given) {
  return messageTable({ header: message(1, responseHeader), ...fields });
}

/** Requests and answers that say nothing else. */
export const nothing = messageTable({});
export const headerOnly = answer({});
