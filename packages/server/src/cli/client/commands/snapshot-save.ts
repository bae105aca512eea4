/** `synod snapshot save`. The bytes are the server's own; here they are only carried, checked and made durable. */
import { createHash } from 'node:crypto';
import { type FileHandle, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { CallFailure } from '../../../client/call-failure.ts';
import type { EtcdClient } from '../../../client/etcd-client.ts';
import { RPC } from '../../../client/rpc.ts';
import { STATUS } from '../../../grpc/status.ts';
import { clientCommand, type Terminal } from '../client-command.ts';
import { badArguments, CommandFailure } from '../command-failure.ts';
import { EXIT_DONE, EXIT_INTERRUPTED } from '../exit-codes.ts';
import { sizeText } from '../writers/go-formats.ts';

const OWNER_ONLY = 0o600;
/** Synced as it goes: all at the end would hold up whoever else syncs on that disk, a member perhaps. */
const UNSYNCED_BYTES_MAX = 4 * 1024 * 1024;
const SECTOR_BYTES = 512;
/** Pieces that wait for the disk; past it the server is asked to wait. */
const PIECES_WAITING_MAX = 16;

export const snapshotSave = clientCommand({
  usage: '<file>',
  description: `Everything the member holds, in one file, which is complete or not there. Only one endpoint may be given: a
snapshot is one member's.`,
  flags: {},
  examples: ['synod --endpoints 10.0.0.1:2379 snapshot save backup.db'],
  async run({ words, client, terminal, say }) {
    const [path, ...more] = words;
    if (path === undefined || more.length > 0) throw badArguments('snapshot save expects one argument');
    if (client.options.endpoints.length > 1)
      throw badArguments(
        `snapshot must be requested to one selected node, not multiple ${client.options.endpoints.map(({ text }) => text).join(',')}`,
      );
    const partial = `${path}.part`;
    const file = await openNew(partial);
    try {
      await save(client, file, terminal);
      await file.datasync();
      await file.close();
      await rename(partial, path);
      const directory = await open(dirname(path));
      await directory.sync();
      await directory.close();
    } catch (error) {
      await file.close().catch(() => undefined);
      await rm(partial, { force: true });
      if (error instanceof CommandFailure || error instanceof CallFailure) throw error;
      throw new CommandFailure(EXIT_INTERRUPTED, `could not save ${path} (${(error as Error).message})`);
    }
    say(`Snapshot saved at ${path}\n`);
    return EXIT_DONE;
  },
});

async function openNew(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'w', OWNER_ONLY);
  } catch (error) {
    throw new CommandFailure(EXIT_INTERRUPTED, `could not open ${path} (${(error as Error).message})`);
  }
}

/** @throws CallFailure, CommandFailure */
async function save(client: EtcdClient, file: FileHandle, terminal: Terminal): Promise<void> {
  const tail = new DigestTail();
  let bytes = 0;
  let unsynced = 0;
  for await (const { blob, remaining_bytes } of pieces(client)) {
    await file.writeFile(blob);
    tail.add(blob);
    bytes += blob.length;
    unsynced += blob.length;
    if (unsynced >= UNSYNCED_BYTES_MAX) {
      await file.datasync();
      unsynced = 0;
    }
    const total = bytes + remaining_bytes;
    if (total > 0) terminal.progress(`${Math.floor((100 * bytes) / total)} % of ${sizeText(total)}`);
  }
  terminal.progress('');
  if (bytes === 0) throw new CommandFailure(EXIT_INTERRUPTED, 'the server sent an empty snapshot');
  // A store ends on a sector; what stands behind is the digest of all before.
  if (bytes % SECTOR_BYTES === DIGEST_BYTES && !tail.isRight())
    throw new CommandFailure(
      EXIT_INTERRUPTED,
      'the snapshot is damaged: its SHA-256 is wrong. Ask another member.',
    );
}

type Piece = ReturnType<typeof RPC.snapshot.response.empty>;

async function* pieces(client: EtcdClient): AsyncGenerator<Piece> {
  const waiting: Piece[] = [];
  let end: { readonly failure: CallFailure | undefined } | undefined;
  let wake = (): void => undefined;
  const stream = await client.stream(RPC.snapshot, {
    onMessage: (piece: Piece) => {
      waiting.push(piece);
      if (waiting.length >= PIECES_WAITING_MAX) stream.pause();
      wake();
    },
    onEnd: (status) => {
      end = { failure: status.code === STATUS.ok ? undefined : new CallFailure('call', status) };
      wake();
    },
  });
  stream.send({});
  stream.halfClose();
  for (;;) {
    const piece = waiting.shift();
    if (piece !== undefined) {
      if (waiting.length === 0) stream.resume();
      yield piece;
    } else if (end !== undefined) {
      if (end.failure !== undefined) throw end.failure;
      return;
    } else await new Promise<void>((resolve) => (wake = () => resolve()));
  }
}

const DIGEST_BYTES = 32;

/** SHA-256 of all but the last 32 bytes, which are compared with it. */
class DigestTail {
  private readonly hash = createHash('sha256');
  private last: Buffer = Buffer.alloc(0);

  add(piece: Uint8Array): void {
    const joined = Buffer.concat([this.last, piece]);
    const settled = Math.max(0, joined.length - DIGEST_BYTES);
    this.hash.update(joined.subarray(0, settled));
    this.last = joined.subarray(settled);
  }

  isRight(): boolean {
    return this.hash.digest().equals(this.last);
  }
}
