/** The journal, the store and the files of snapshots: how long the disk takes for each. */
import type { ReplicaEvent } from '@synod/consensus';
import { DISK_BOUNDS, Distribution, doubling } from './distribution.ts';
import type { MetricFamilies } from './families.ts';

const DEFRAGMENTATION_BOUNDS = doubling(0.1, 13);
const VIEW_BOUNDS = doubling(0.01, 17);
const SNAPSHOT_SAVE_BOUNDS = doubling(0.1, 10);

export class DiskMetrics {
  private journalBytes = 0;
  private readonly journalWrite = new Distribution(DISK_BOUNDS);
  private readonly journalSync = new Distribution(DISK_BOUNDS);
  private readonly commit = new Distribution(DISK_BOUNDS);
  private readonly defragmentation = new Distribution(DEFRAGMENTATION_BOUNDS);
  private readonly view = new Distribution(VIEW_BOUNDS);
  private readonly encoding = new Distribution(DISK_BOUNDS);
  private readonly written = new Distribution(DISK_BOUNDS);
  private readonly writtenSync = new Distribution(DISK_BOUNDS);
  private readonly saved = new Distribution(SNAPSHOT_SAVE_BOUNDS);
  private readonly savedSync = new Distribution(DISK_BOUNDS);

  constructor(families: MetricFamilies) {
    const histogram = families.histogram.bind(families);
    families.gauge(
      'etcd_disk_wal_write_bytes_total',
      'Bytes written to the journal.',
      () => this.journalBytes,
    );
    histogram(
      'etcd_disk_wal_write_duration_seconds',
      'How long the writes of the journal take, without their sync.',
      this.journalWrite,
    );
    histogram(
      'etcd_disk_wal_fsync_duration_seconds',
      'How long the syncs of the journal take.',
      this.journalSync,
    );
    histogram(
      'etcd_disk_backend_commit_duration_seconds',
      'How long the commits of the store take.',
      this.commit,
    );
    histogram(
      'etcd_disk_backend_defrag_duration_seconds',
      'How long the defragmentations of the store take.',
      this.defragmentation,
    );
    histogram(
      'etcd_disk_backend_snapshot_duration_seconds',
      'How long views of the whole store are held: by backups, snapshots for other members and hashes.',
      this.view,
    );
    histogram(
      'etcd_debugging_snap_save_marshalling_duration_seconds',
      'Of writing snapshots for other members: how long reading and encoding the state takes.',
      this.encoding,
    );
    histogram(
      'etcd_debugging_snap_save_total_duration_seconds',
      'How long writing snapshots for other members takes.',
      this.written,
    );
    histogram(
      'etcd_snap_fsync_duration_seconds',
      'How long the last sync of a snapshot for other members takes.',
      this.writtenSync,
    );
    histogram(
      'etcd_snap_db_save_total_duration_seconds',
      'How long snapshots of other members take until they are whole on the disk.',
      this.saved,
    );
    histogram(
      'etcd_snap_db_fsync_duration_seconds',
      "How long the last sync of another member's snapshot takes.",
      this.savedSync,
    );
  }

  journalWritten(bytes: number): void {
    this.journalBytes += bytes;
  }

  journalTimed(writeMs: number, syncMs: number): void {
    this.journalWrite.observe(writeMs / 1000);
    this.journalSync.observe(syncMs / 1000);
  }

  committed(milliseconds: number): void {
    this.commit.observe(milliseconds / 1000);
  }

  defragmented(milliseconds: number): void {
    this.defragmentation.observe(milliseconds / 1000);
  }

  viewClosed(milliseconds: number): void {
    this.view.observe(milliseconds / 1000);
  }

  snapshotWritten(event: Extract<ReplicaEvent, { kind: 'snapshotWritten' }>): void {
    this.encoding.observe(event.encodingMs / 1000);
    this.written.observe(event.milliseconds / 1000);
    this.writtenSync.observe(event.syncMs / 1000);
  }

  snapshotReceived({ milliseconds, syncMs }: Extract<ReplicaEvent, { kind: 'snapshotReceived' }>): void {
    if (syncMs === undefined) return;
    this.saved.observe(milliseconds / 1000);
    this.savedSync.observe(syncMs / 1000);
  }
}
