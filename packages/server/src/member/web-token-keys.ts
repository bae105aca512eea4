/** Reads the keys of web tokens from their files, and finds out at the start whether they fit what they are for. */
import { readFile } from 'node:fs/promises';
import { type WebTokenKeys, WebTokenKind } from '../tokens/web-token-kind.ts';
import type { TokenOptions } from '../tokens/web-token-options.ts';
import { StartFailure } from './start-failure.ts';

/** Undefined: tokens are simple ones. @throws StartFailure */
export async function readWebTokenKeys(options: TokenOptions): Promise<WebTokenKeys | undefined> {
  if (options.kind === 'simple') return undefined;
  const keys: WebTokenKeys = {
    signMethod: options.signMethod,
    ttlMs: options.ttlMs,
    publicKey: await contentOf(options.publicKeyFile),
    privateKey: await contentOf(options.privateKeyFile),
  };
  try {
    await new WebTokenKind({ keys, nowMs: Date.now }).tryKeys();
  } catch (error) {
    throw new StartFailure(
      `the keys of --auth-token do not fit ${options.signMethod}: ${(error as Error).message}. Give a pair of keys of that kind as PEM files.`,
    );
  }
  return keys;
}

async function contentOf(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (error) {
    throw new StartFailure(`cannot read the key file ${file} of --auth-token: ${(error as Error).message}`);
  }
}
