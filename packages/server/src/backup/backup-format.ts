/**
 * A backup as bytes: what `Maintenance.Snapshot` streams and `synod snapshot` reads. It knows neither sockets nor files, nor
 * what an image holds. Blocks are of 512 bytes, so that clients of etcd, which look for it, find the digest by the size:
 *
 *     head block · image, filled up with zeros to whole blocks · tail block · SHA-256 of all before (32 bytes)
 *
 * Head and tail are JSON on a line, filled up with zeros: `head -n 1 FILE` shows what a file is.
 */
import { createHash, type Hash } from 'node:crypto';

export const BLOCK_BYTES = 512;
export const DIGEST_BYTES = 32;
const FORMAT = 'synod backup';
const VERSION = 1;

/** What is known when a backup begins. */
export interface BackupHead {
  /** The last log entry that the state holds. */
  readonly index: number;
  readonly revision: number;
  /** 16 hex digits each. */
  readonly clusterId: string;
  readonly memberId: string;
}

export interface BackupTail {
  readonly imageBytes: number;
}

/** Turns an image into a backup, piece by piece. */
export class BackupWriter {
  private readonly hash: Hash = createHash('sha256');
  private imageBytes = 0;

  begin(head: BackupHead): Uint8Array {
    return this.counted(block({ format: FORMAT, version: VERSION, ...head }));
  }

  add(piece: Uint8Array): Uint8Array {
    this.imageBytes += piece.length;
    return this.counted(piece);
  }

  end(): Uint8Array {
    const { imageBytes } = this;
    const fill = Buffer.alloc(-imageBytes & (BLOCK_BYTES - 1));
    const rest = this.counted(Buffer.concat([fill, block({ imageBytes })]));
    return Buffer.concat([rest, this.hash.digest()]);
  }

  private counted(bytes: Uint8Array): Uint8Array {
    this.hash.update(bytes);
    return bytes;
  }
}

function block(facts: object): Uint8Array {
  const bytes = Buffer.alloc(BLOCK_BYTES);
  bytes.write(`${JSON.stringify(facts)}\n`, 'utf8');
  return bytes;
}

/** The reason is the end of a sentence about the file. */
export type Parsed<Facts> =
  | { readonly ok: true; readonly facts: Facts }
  | { readonly ok: false; readonly reason: string };

export function parseHead(bytes: Uint8Array): Parsed<BackupHead> {
  const facts = factsOf(bytes);
  if (facts?.['format'] !== FORMAT) return { ok: false, reason: 'is no backup of Synod' };
  if (facts['version'] !== VERSION)
    return {
      ok: false,
      reason: `is of version ${String(facts['version'])}, and this version of Synod reads ${VERSION}`,
    };
  const { index, revision, clusterId, memberId } = facts;
  if (!isCount(index) || !isCount(revision) || !isId(clusterId) || !isId(memberId))
    return { ok: false, reason: 'has a damaged first block' };
  return { ok: true, facts: { index, revision, clusterId, memberId } };
}

export function parseTail(bytes: Uint8Array): Parsed<BackupTail> {
  const imageBytes = factsOf(bytes)?.['imageBytes'];
  if (!isCount(imageBytes)) return { ok: false, reason: 'was cut off, or has a damaged last block' };
  return { ok: true, facts: { imageBytes } };
}

/** How large a file with this image is. */
export function backupBytes({ imageBytes }: BackupTail): number {
  return 2 * BLOCK_BYTES + imageBytes + (-imageBytes & (BLOCK_BYTES - 1)) + DIGEST_BYTES;
}

function factsOf(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = Buffer.from(bytes).toString('utf8');
  const end = text.indexOf('\n');
  if (end < 0) return undefined;
  try {
    const facts: unknown = JSON.parse(text.slice(0, end));
    return typeof facts === 'object' && facts !== null ? (facts as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{16}$/.test(value);
}
