/** The messages of etcdserverpb.Maintenance as a client writes and reads them. Names are the protocol's own. */
import {
  alarmResponse as alarmFields,
  alarmMember,
  alarmRequest,
  statusResponse as statusFields,
} from '../../protocols/etcd/messages/rare-messages.ts';
import { messageTable, scalar } from '../../protocols/etcd/protobuf/message-table.ts';
import { answer } from './answer.ts';

export { alarmMember, alarmRequest };

export const ALARM_GET = 0;
export const ALARM_DEACTIVATE = 2;
/** By number. */
export const ALARM_NAMES = ['NONE', 'NOSPACE', 'CORRUPT'] as const;

export type AlarmMember = ReturnType<typeof alarmMember.empty>;

export const alarmResponse = answer(alarmFields.fields);
export type AlarmResponse = ReturnType<typeof alarmResponse.empty>;

export const statusResponse = answer(statusFields.fields);
export type StatusResponse = ReturnType<typeof statusResponse.empty>;

export const hashRevisionRequest = messageTable({ revision: scalar(1, 'int64') });

export const hashRevisionResponse = answer({
  hash: scalar(2, 'int64'),
  compact_revision: scalar(3, 'int64'),
  hash_revision: scalar(4, 'int64'),
});
export type HashRevisionResponse = ReturnType<typeof hashRevisionResponse.empty>;

export const snapshotResponse = answer({
  remaining_bytes: scalar(2, 'int64'),
  blob: scalar(3, 'bytes'),
  version: scalar(4, 'text'),
});

export const moveLeaderRequest = messageTable({ targetID: scalar(1, 'id') });
