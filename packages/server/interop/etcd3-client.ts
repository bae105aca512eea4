/**
 * The npm client `etcd3`, loaded from where `npm run test:interop` installs it (outside the workspaces, so that it is
 * nobody's dependency), with the types of just the part that the tests use.
 */
import type { EventEmitter } from 'node:events';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** 64-bit numbers come as decimal strings. */
export interface KeyValue {
  readonly key: Buffer;
  readonly value: Buffer;
  readonly version: string;
  readonly create_revision: string;
  readonly mod_revision: string;
  readonly lease: string;
}

export interface WithHeader {
  readonly header: { readonly revision: string };
}

/** An operation that also goes into a transaction; awaiting it runs it. */
export type Operation<Result> = PromiseLike<Result> & { exec(): Promise<Result> };

export interface SingleRange extends Operation<string | null> {
  revision(revision: number | string): this;
  serializable(serializable: boolean): this;
  string(): Promise<string | null>;
  number(): Promise<number | null>;
  json(): Promise<unknown>;
  buffer(): Promise<Buffer | null>;
  exists(): Promise<boolean>;
  exec(): Promise<never>;
}

export interface MultiRange extends PromiseLike<Record<string, string>> {
  prefix(prefix: string): this;
  inRange(range: { start: string; end: string }): this;
  all(): this;
  limit(count: number): this;
  sort(target: 'Key' | 'Version' | 'Create' | 'Mod' | 'Value', order: 'Ascend' | 'Descend'): this;
  revision(revision: number | string): this;
  serializable(serializable: boolean): this;
  count(): Promise<number>;
  keys(): Promise<string[]>;
  strings(): Promise<Record<string, string>>;
  numbers(): Promise<Record<string, number>>;
  exec(): Promise<WithHeader & { kvs: KeyValue[]; more: boolean; count: string }>;
}

export interface Put extends Operation<WithHeader> {
  value(value: string | Buffer | number): this;
  lease(lease: string): this;
  ignoreLease(): this;
  getPrevious(): Promise<KeyValue | null>;
  touch(): Promise<WithHeader>;
}

export interface Delete extends Operation<WithHeader & { deleted: string }> {
  key(key: string): this;
  prefix(prefix: string): this;
  inRange(range: { start: string; end: string }): this;
  all(): this;
  getPrevious(): Promise<KeyValue[]>;
}

export type CompareColumn = 'Version' | 'Create' | 'Mod' | 'Value' | 'Lease';
export type Comparator = '==' | '!=' | '<' | '>';

export interface Comparison {
  and(key: string, column: CompareColumn, comparator: Comparator, value: string | number): this;
  then(...operations: object[]): this;
  else(...operations: object[]): this;
  commit(): Promise<WithHeader & { succeeded: boolean; responses: Record<string, unknown>[] }>;
}

export interface Lease extends EventEmitter {
  grant(): Promise<string>;
  revoke(): Promise<void>;
  release(): void;
  revoked(): boolean;
  put(key: string): Put;
  keepaliveOnce(): Promise<{ TTL: string }>;
}

export interface Lock {
  ttl(seconds: number): this;
  acquire(): Promise<this>;
  release(): Promise<void>;
  do<Result>(work: () => Promise<Result>): Promise<Result>;
}

export interface Transaction {
  get(key: string): SingleRange;
  put(key: string): Put;
  delete(): Delete;
}

export interface Watcher extends EventEmitter {
  cancel(): Promise<void>;
  lastRevision(): number | null;
}

export interface WatchBuilder {
  key(key: string): this;
  prefix(prefix: string): this;
  inRange(range: { start: string; end: string }): this;
  only(...operations: ('put' | 'delete')[]): this;
  ignore(...operations: ('put' | 'delete')[]): this;
  withPreviousKV(): this;
  startRevision(revision: string): this;
  create(): Promise<Watcher>;
}

export interface Campaign extends EventEmitter {
  wait(): Promise<this>;
  proclaim(value: string): Promise<void>;
  getCampaignKey(): Promise<string>;
  resign(): Promise<void>;
}

export interface ElectionObserver extends EventEmitter {
  leader(): string | undefined;
  cancel(): Promise<void>;
}

export interface Election {
  campaign(value: string): Campaign;
  leader(): Promise<string | undefined>;
  observe(): Promise<ElectionObserver>;
}

export interface Namespace {
  get(key: string): SingleRange;
  getAll(): MultiRange;
  put(key: string): Put;
  delete(): Delete;
  lease(ttlSeconds: number, options?: { autoKeepAlive?: boolean }): Lease;
  lock(key: string): Lock;
  stm(options?: { retries?: number }): {
    transact<Result>(work: (transaction: Transaction) => Promise<Result>): Promise<Result>;
  };
  if(key: string, column: CompareColumn, comparator: Comparator, value: string | number): Comparison;
  watch(): WatchBuilder;
  namespace(prefix: string): Namespace;
  election(name: string, ttlSeconds?: number): Election;
}

export interface PermissionRequest {
  readonly permission: 'Read' | 'Write' | 'Readwrite';
  readonly range?: object;
  readonly key?: string;
}

export interface Role {
  readonly name: string;
  create(): Promise<this>;
  grant(request: PermissionRequest): Promise<this>;
  permissions(): Promise<readonly { readonly permission: string }[]>;
}

export interface User {
  readonly name: string;
  create(password: string): Promise<this>;
  setPassword(password: string): Promise<this>;
  roles(): Promise<readonly Role[]>;
  addRole(role: string): Promise<this>;
}

export interface Etcd3 extends Namespace {
  role(name: string): Role;
  user(name: string): User;
  getUsers(): Promise<readonly User[]>;
  readonly auth: { authEnable(): Promise<object>; authDisable(): Promise<object> };
  close(): void;
}

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** PEM, as the client takes them. */
export interface Certificates {
  readonly rootCertificate: Buffer;
  readonly privateKey?: Buffer;
  readonly certChain?: Buffer;
}

interface Etcd3Module {
  readonly Etcd3: new (options: {
    hosts: string[];
    dialTimeout?: number;
    auth?: Credentials;
    credentials?: Certificates;
  }) => Etcd3;
  readonly Range: { prefix(prefix: string): object };
}

const installDirectory = join(fileURLToPath(import.meta.url), '../../../../node_modules/.cache/interop');

function installed(): Etcd3Module {
  const packageFile = join(installDirectory, 'package.json');
  if (!existsSync(packageFile))
    throw new Error(`The npm client etcd3 is not in ${installDirectory}: npm run test:interop installs it`);
  return createRequire(packageFile)('etcd3') as Etcd3Module;
}

export function connect(members: readonly { readonly endpoint: string }[], auth?: Credentials): Etcd3 {
  const { Etcd3: Client } = installed();
  const hosts = members.map((member) => member.endpoint);
  return new Client(auth === undefined ? { hosts } : { hosts, auth });
}

/** Over TLS, to one address. */
export function connectSecurely(url: string, credentials: Certificates): Etcd3 {
  const { Etcd3: Client } = installed();
  return new Client({ hosts: [url], credentials });
}

/** The client's own word for all keys with a prefix. */
export function prefixRange(prefix: string): object {
  return installed().Range.prefix(prefix);
}
