/** What the etcd protocol tells of itself: what watches send, probes, promotions of learners. */
import type { RangeQuery } from '@synod/coordination';
import type { EtcdObserver } from '../protocols/etcd/etcd-observer.ts';
import { Counts, DISK_BOUNDS, Distribution, type Labels } from './distribution.ts';
import type { MetricFamilies } from './families.ts';
import type { RequestMetrics } from './request-metrics.ts';

export class ProtocolMetrics implements EtcdObserver {
  private readonly requests: Pick<RequestMetrics, 'rangeAnswered'>;
  private eventsSent = 0;
  private eventsHeld = 0;
  private readonly responses = new Distribution(DISK_BOUNDS);
  private readonly perEvent = new Distribution(DISK_BOUNDS);
  private readonly answers = new Distribution(DISK_BOUNDS);
  private readonly progress = new Distribution(DISK_BOUNDS);
  private promotions = 0;
  private readonly failedPromotions = new Counts((reason) => ({ Reason: reason }));
  private healthy = 0;
  private unhealthy = 0;
  /** By type, name and status, with a blank between them: none has one. */
  private readonly checks = new Counts((key) => {
    const [type = '', name = '', status = ''] = key.split(' ');
    return { type, name, status };
  });
  /** The last result of each check, by type and name. */
  private readonly lastChecks = new Map<string, readonly [Labels, number]>();

  constructor(families: MetricFamilies, requests: Pick<RequestMetrics, 'rangeAnswered'>) {
    this.requests = requests;
    families.counter('etcd_debugging_mvcc_events_total', 'Events sent to watchers.', () => this.eventsSent);
    families.gauge(
      'etcd_debugging_mvcc_pending_events_total',
      'Events that were handed over to clients which have yet to take them.',
      () => this.eventsHeld,
    );
    families.histogram(
      'etcd_debugging_server_watch_send_loop_watch_stream_duration_seconds',
      'How long a response with events holds up its watch stream.',
      this.responses,
    );
    families.histogram(
      'etcd_debugging_server_watch_send_loop_watch_stream_duration_per_event_seconds',
      'How long a response with events holds up its watch stream, for each of its events.',
      this.perEvent,
    );
    families.histogram(
      'etcd_debugging_server_watch_send_loop_control_stream_duration_seconds',
      'How long it takes to tell a client that a watch was created or cancelled.',
      this.answers,
    );
    families.histogram(
      'etcd_debugging_server_watch_send_loop_progress_duration_seconds',
      'How long a round of bookmarks takes for one watch stream.',
      this.progress,
    );
    families.counter(
      'etcd_server_learner_promote_successes',
      'Learners that got their vote because this member was asked.',
      () => this.promotions,
    );
    families.counters(
      'etcd_server_learner_promote_failures',
      'Promotions that this member was asked for and refused, by the words of the refusal.',
      ['Reason'],
      () => this.failedPromotions,
    );
    families.counter(
      'etcd_server_health_success',
      'Answers of /health that all is well.',
      () => this.healthy,
    );
    families.counter(
      'etcd_server_health_failures',
      'Answers of /health that all is not well.',
      () => this.unhealthy,
    );
    families.gauges(
      'etcd_server_healthcheck',
      'What each check of /livez and /readyz found last: 1 or 0.',
      ['type', 'name'],
      () => this.lastChecks.values(),
    );
    families.counters(
      'etcd_server_healthchecks_total',
      'Checks of /livez and /readyz, by what they found.',
      ['type', 'name', 'status'],
      () => this.checks,
    );
  }

  rangeAnswered(query: RangeQuery, milliseconds: number, succeeded: boolean): void {
    this.requests.rangeAnswered(query, milliseconds, succeeded);
  }

  watchEventsSent(events: number, milliseconds: number): void {
    this.eventsSent += events;
    this.responses.observe(milliseconds / 1000);
    this.perEvent.observe(milliseconds / 1000 / events);
  }

  watchEventsHeld(change: number): void {
    this.eventsHeld += change;
  }

  watchAnswered(milliseconds: number): void {
    this.answers.observe(milliseconds / 1000);
  }

  watchProgressTold(milliseconds: number): void {
    this.progress.observe(milliseconds / 1000);
  }

  learnerPromoted(): void {
    this.promotions++;
  }

  learnerNotPromoted(reason: string): void {
    this.failedPromotions.add(reason);
  }

  healthTold(isHealthy: boolean): void {
    if (isHealthy) this.healthy++;
    else this.unhealthy++;
  }

  checked(type: string, name: string, isWell: boolean): void {
    this.checks.add(`${type} ${name} ${isWell ? 'success' : 'error'}`);
    this.lastChecks.set(`${type} ${name}`, [{ type, name }, isWell ? 1 : 0]);
  }
}
