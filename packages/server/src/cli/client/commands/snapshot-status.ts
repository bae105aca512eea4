/** `synod snapshot status`: what a backup holds, and whether every byte of it is what it was. Asks no server. */
import { MalformedBytes } from '@synod/consensus';
import { BackupImage } from '@synod/coordination';
import { BackupFile, BackupProblem } from '../../../backup/backup-file.ts';
import { clientCommand, type Terminal } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_FAILED } from '../exit-codes.ts';

export const snapshotStatus = clientCommand({
  usage: '<file>',
  description: `Reads the whole file: its SHA-256 and its form are checked. Shown are the first bytes of the digest, the revision,
the rows and the size.`,
  flags: {},
  examples: ['synod snapshot status backup.db', 'synod snapshot status backup.db -w table'],
  async run({ words, terminal, print }) {
    const [path, ...more] = words;
    if (path === undefined || more.length > 0)
      throw badArguments('snapshot status requires exactly one argument');
    try {
      await print('snapshotStatus', await read(path, terminal));
      return EXIT_DONE;
    } catch (error) {
      if (error instanceof BackupProblem) throw new CommandFailure(EXIT_FAILED, error.message);
      throw error;
    } finally {
      terminal.progress('');
    }
  },
});

async function read(path: string, terminal: Pick<Terminal, 'progress' | 'giveWay' | 'interrupted'>) {
  terminal.giveWay();
  const file = await BackupFile.open(path);
  try {
    const tell = (share: number): void => terminal.progress(`reading: ${Math.floor(100 * share)} %`);
    await file.verify((share) => tell(share / 2), terminal.interrupted);
    const image = new BackupImage();
    for await (const piece of file.image((share) => tell(0.5 + share / 2), terminal.interrupted))
      image.write(piece);
    const { revision, rows } = image.end();
    return { hash: await file.shortDigest(), revision, totalKey: rows, totalSize: file.sizeBytes };
  } catch (error) {
    if (error instanceof MalformedBytes)
      throw new BackupProblem(`${path} is damaged: ${error.message}. Take another backup.`);
    throw error;
  } finally {
    await file.close();
  }
}
