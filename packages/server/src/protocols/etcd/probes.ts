/**
 * What asks whether a member is well: `/health` in etcd's older form, `/livez` and `/readyz` as Kubernetes has them, a path for
 * each check. Answers as etcd's, down to the order of the fields.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import {
  ALL_AFTER,
  type Failure,
  key,
  OWN_RESOLVE,
  type RangeQuery,
  type RangeResult,
} from '@synod/coordination';
import type { CoordinationService, ServiceFailure } from '@synod/coordination/service/service-api.ts';
import { alarmName } from './alarm-words.ts';
import { wireErrorOf } from './error-table.ts';
import type { EtcdObserver } from './etcd-observer.ts';
import { refusesMethod, sendText, TEXT_TYPE } from './http-answers.ts';

export interface ProbeRequest {
  readonly service: CoordinationService;
  readonly observer: EtcdObserver;
  readonly query: URLSearchParams;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** What etcd asks itself to see whether it answers: the first key, without its value. */
const FIRST_KEY: RangeQuery = {
  span: { from: key('\0'), to: ALL_AFTER },
  revision: 0,
  limit: 1,
  sort: undefined,
  keysOnly: true,
  countOnly: false,
  minModRevision: 0,
  maxModRevision: 0,
  minCreateRevision: 0,
  maxCreateRevision: 0,
};

/** `told`: what is wrong; undefined: nothing. */
function read(
  service: CoordinationService,
  linearizable: boolean,
  told: (trouble: string | undefined) => void,
): void {
  // What it finds is told to nobody, so that it needs nobody's right.
  const completion = {
    complete(result: RangeResult | Failure | ServiceFailure) {
      told(result.kind === 'range' ? undefined : wireErrorOf(result).text);
    },
  };
  service.range(FIRST_KEY, linearizable, completion, OWN_RESOLVE);
}

/**
 * `?serializable=true` asks about this member alone, without a leader and without a quorum. An alarm makes the whole cluster
 * unwell, but for those that `?exclude=` names.
 */
export function health({ service, observer, query, request, response }: ProbeRequest): void {
  if (refusesMethod(request, response)) return;
  const tell = (reason: string): void => {
    observer.healthTold(reason === '');
    sendHealth(response, reason);
  };
  const excluded = new Set(query.getAll('exclude'));
  const alarm = service.activeAlarms().find(({ kind }) => !excluded.has(alarmName(kind)));
  if (alarm !== undefined) {
    tell(`ALARM ${alarmName(alarm.kind)}`);
    return;
  }
  const alone = query.get('serializable') === 'true';
  if (!alone && !service.hasLeader) tell('RAFT NO LEADER');
  else read(service, !alone, (trouble) => tell(trouble === undefined ? '' : `RANGE ERROR:${trouble}`));
}

function sendHealth(response: ServerResponse, reason: string): void {
  const body = JSON.stringify({ health: reason === '' ? 'true' : 'false', reason });
  if (reason === '') response.writeHead(200, { 'content-type': TEXT_TYPE }).end(body);
  else sendText(response, 503, `${body}\n`);
}

type Check = (service: CoordinationService, told: (trouble: string | undefined) => void) => void;

const CHECKS = {
  serializable_read: (service, told) => read(service, false, told),
  linearizable_read: (service, told) => read(service, true, told),
  data_corruption: (service, told) =>
    told(
      service.activeAlarms().some(({ kind }) => kind === 'corrupt')
        ? `alarm activated: ${alarmName('corrupt')}`
        : undefined,
    ),
  non_learner: (service, told) => told(service.isLearner ? 'not supported for learner' : undefined),
} as const satisfies Record<string, Check>;
type CheckName = keyof typeof CHECKS;

export const PROBES: Readonly<Record<'livez' | 'readyz', readonly CheckName[]>> = {
  livez: ['serializable_read'],
  readyz: ['data_corruption', 'serializable_read', 'linearizable_read', 'non_learner'],
};

/**
 * All checks but those of `?exclude=`, or the one the path names. What failed is always told, what is well only to those who
 * ask for it by `?verbose`.
 */
export function probe(
  probeRequest: ProbeRequest,
  kind: keyof typeof PROBES,
  checkName: string | undefined,
): void {
  const { service, observer, query, request, response } = probeRequest;
  const excluded = new Set(query.getAll('exclude'));
  const names = PROBES[kind].filter((name) =>
    checkName === undefined ? !excluded.has(name) : name === checkName,
  );
  if (checkName !== undefined && names.length === 0) {
    sendText(response, 404, '404 page not found\n');
    return;
  }
  if (refusesMethod(request, response)) return;
  const lines: string[] = [];
  let failed = false;
  const next = (at: number): void => {
    const name = names[at];
    if (name === undefined) {
      const report = lines.join('');
      if (failed) sendText(response, 503, `${report}\n`);
      else sendText(response, 200, `${query.has('verbose') ? report : ''}ok\n`);
      return;
    }
    CHECKS[name](service, (trouble) => {
      failed ||= trouble !== undefined;
      observer.checked(kind, name, trouble === undefined);
      lines.push(trouble === undefined ? `[+]${name} ok\n` : `[-]${name} failed: ${trouble}\n`);
      next(at + 1);
    });
  };
  next(0);
}
