/** The messages of etcd's locks and elections. Names and numbers as published; see schema.ts for the form. */
import type { MessageTexts } from './schema-texts.ts';

export const LOCK_ELECTION_MESSAGES: MessageTexts = {
  'v3lockpb.LockRequest': {
    name: [1, 'bytes'],
    lease: [2, 'int64'],
  },
  'v3lockpb.LockResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    key: [2, 'bytes'],
  },
  'v3lockpb.UnlockRequest': {
    key: [1, 'bytes'],
  },
  'v3lockpb.UnlockResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'v3electionpb.CampaignRequest': {
    name: [1, 'bytes'],
    lease: [2, 'int64'],
    value: [3, 'bytes'],
  },
  'v3electionpb.CampaignResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    leader: [2, 'v3electionpb.LeaderKey'],
  },
  'v3electionpb.LeaderKey': {
    name: [1, 'bytes'],
    key: [2, 'bytes'],
    rev: [3, 'int64'],
    lease: [4, 'int64'],
  },
  'v3electionpb.LeaderRequest': {
    name: [1, 'bytes'],
  },
  'v3electionpb.LeaderResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
    kv: [2, 'mvccpb.KeyValue'],
  },
  'v3electionpb.ResignRequest': {
    leader: [1, 'v3electionpb.LeaderKey'],
  },
  'v3electionpb.ResignResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
  'v3electionpb.ProclaimRequest': {
    leader: [1, 'v3electionpb.LeaderKey'],
    value: [2, 'bytes'],
  },
  'v3electionpb.ProclaimResponse': {
    header: [1, 'etcdserverpb.ResponseHeader'],
  },
};
