/** The messages of v3lockpb and v3electionpb, as tables; each answer's table begins behind its header. */
import { message, messageTable, scalar } from '../protobuf/message-table.ts';

export const lockRequest = messageTable({
  name: scalar(1, 'latin1'),
  lease: scalar(2, 'leaseId'),
});

export const lockResponse = messageTable({
  key: scalar(2, 'latin1'),
});

export const unlockRequest = messageTable({
  key: scalar(1, 'latin1'),
});

export const campaignRequest = messageTable({
  name: scalar(1, 'latin1'),
  lease: scalar(2, 'leaseId'),
  value: scalar(3, 'latin1'),
});

/** What a campaigner is told and shows again to proclaim or to resign. */
export const leaderKey = messageTable({
  name: scalar(1, 'latin1'),
  key: scalar(2, 'latin1'),
  rev: scalar(3, 'int64'),
  lease: scalar(4, 'leaseId'),
});

export const campaignResponse = messageTable({
  leader: message(2, leaderKey),
});

export const leaderRequest = messageTable({
  name: scalar(1, 'latin1'),
});

export const proclaimRequest = messageTable({
  leader: message(1, leaderKey),
  value: scalar(2, 'latin1'),
});

export const resignRequest = messageTable({
  leader: message(1, leaderKey),
});

/** The number of `kv` in LeaderResponse. */
export const LEADER_RECORD = 2;
