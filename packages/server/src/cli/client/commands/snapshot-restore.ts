/** `synod snapshot restore`: the data directory of a new cluster's member from a backup. Asks no server. */
import { resolve } from 'node:path';
import { BackupFile, BackupProblem } from '../../../backup/backup-file.ts';
import { restoreBackup } from '../../../backup/restore-backup.ts';
import { ConfigFailure } from '../../../config/config-problem.ts';
import { urlsOf } from '../../../config/flag-values.ts';
import { FLAGS } from '../../../config/flags.ts';
import { foundedCluster } from '../../../config/initial-cluster.ts';
import { StartFailure } from '../../../member/start-failure.ts';
import { clientCommand } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';
import { booleanFlag, numberFlag, textFlag } from '../flags.ts';

const PROTOCOLS = ['raft', 'paxos'] as const;

const text = (name: 'name' | 'initial-cluster' | 'initial-cluster-token' | 'initial-advertise-peer-urls') =>
  textFlag(FLAGS[name].help, { default: FLAGS[name].default });

export const snapshotRestore = clientCommand({
  usage: '<file> [options]',
  description: `Run it once for each member of the new cluster, with the same file, the same --initial-cluster and the same token; then start
the members with these flags. Give a token that the old cluster did not have, so that none of its members can be taken for
one of the new ones.`,
  flags: {
    'data-dir': textFlag('where to make the data directory; when empty, NAME.etcd'),
    'wal-dir': textFlag('where to make the journal; when empty, below the data directory'),
    name: text('name'),
    'initial-cluster': text('initial-cluster'),
    'initial-cluster-token': text('initial-cluster-token'),
    'initial-advertise-peer-urls': text('initial-advertise-peer-urls'),
    consensus: textFlag('raft or paxos; all members the same', {
      default: 'raft',
      choices: PROTOCOLS,
    }),
    'bump-revision': numberFlag('how much to add to the revision, so that it does not go back for clients'),
    'mark-compacted': booleanFlag('count everything as compacted, so that watches are told of the gap'),
    'skip-hash-check': booleanFlag('do not compare the file with its SHA-256 first'),
  },
  examples: [
    'synod snapshot restore backup.db --data-dir ./data',
    `synod snapshot restore backup.db --name m1 --data-dir ./m1 --initial-cluster-token restored-1 \\
    --initial-cluster m1=http://10.0.0.1:2380,m2=http://10.0.0.2:2380,m3=http://10.0.0.3:2380 \\
    --initial-advertise-peer-urls http://10.0.0.1:2380 --bump-revision 1000000000 --mark-compacted`,
  ],
  async run({ words, flags, terminal, say }) {
    const [path, ...more] = words;
    if (path === undefined || more.length > 0)
      throw badArguments('snapshot restore requires exactly one argument');
    const bump = flags['bump-revision'];
    const marksCompacted = flags['mark-compacted'];
    if (bump < 0) throw badArguments(`--bump-revision must not be negative (it is ${bump})`);
    if (bump > 0 !== marksCompacted)
      throw badArguments('--bump-revision and --mark-compacted go together: give both, or neither');
    const protocol = PROTOCOLS.find((name) => name === flags.consensus);
    if (protocol === undefined)
      throw badArguments(
        `--consensus is ${PROTOCOLS.join(' or ')} (it is ${JSON.stringify(flags.consensus)})`,
      );
    const dataDirectory = resolve(flags['data-dir'] === '' ? `${flags.name}.etcd` : flags['data-dir']);
    const journalDirectory = flags['wal-dir'] === '' ? undefined : resolve(flags['wal-dir']);
    if (journalDirectory === dataDirectory)
      throw badArguments('--wal-dir must be another directory than --data-dir');
    const tell = (share: number): void => terminal.progress(`restoring: ${Math.floor(100 * share)} %`);
    try {
      const given = (name: 'initial-cluster' | 'initial-advertise-peer-urls') => ({
        text: flags[name],
        origin: `--${name}`,
      });
      const cluster = foundedCluster({
        name: flags.name,
        token: flags['initial-cluster-token'],
        initialCluster: given('initial-cluster'),
        advertisePeerUrls: urlsOf(given('initial-advertise-peer-urls')),
      });
      terminal.giveWay();
      const file = await BackupFile.open(path);
      try {
        const { interrupted } = terminal;
        if (!flags['skip-hash-check']) await file.verify((share) => tell(share / 2), interrupted);
        const { revision } = await restoreBackup({
          file,
          dataDirectory,
          journalDirectory,
          protocol,
          cluster,
          change: { bump, marksCompacted },
          progress: (share) => tell(0.5 + share / 2),
          interrupted,
        });
        terminal.progress('');
        say(`Restored ${path} into ${dataDirectory}, at revision ${revision}\n`);
        return EXIT_DONE;
      } finally {
        await file.close();
      }
    } catch (error) {
      terminal.progress('');
      if (error instanceof BackupProblem || error instanceof ConfigFailure || error instanceof StartFailure)
        throw new CommandFailure(EXIT_FAILED, error.message);
      throw error;
    }
  },
});
