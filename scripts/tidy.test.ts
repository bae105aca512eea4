/**
 * Lint that knows this project: which way imports point, what pure packages must not name, what files are called and
 * how long they get. Each rule says what to do instead. Ratchets may only shrink.
 */
import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

interface SourceFile {
  /** Relative to the root, with slashes. */
  readonly path: string;
  readonly text: string;
  readonly lines: number;
  /** Targets of its imports, as written. */
  readonly imports: readonly string[];
}

function sourceFiles(pattern: string): SourceFile[] {
  return globSync(pattern, { cwd: root, exclude: (name) => name === 'node_modules' || name === 'dist' })
    .sort()
    .map((path) => {
      const text = readFileSync(join(root, path), 'utf8');
      const imports = [...text.matchAll(/(?:from|import)\s*\(?\s*'([^']+)'/g)].map((match) => match[1]!);
      return { path, text, lines: text.split('\n').length - 1, imports };
    });
}

const shipped = sourceFiles('packages/*/src/**/*.ts');
const everything = [
  ...shipped,
  ...sourceFiles('packages/*/{test,bench,interop}/**/*.ts'),
  ...sourceFiles('scripts/*.ts'),
];

/** Fails with one line an offence, and what to do about all of them. */
function expectNone(offences: readonly string[], instead: string): void {
  assert.equal(offences.length, 0, `${offences.join('\n')}\n→ ${instead}`);
}

/** package → packages it may import. The same arrows stand in the package.json files. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  consensus: [],
  coordination: ['consensus'],
  simulator: ['consensus', 'coordination'],
  server: ['consensus', 'coordination', 'simulator'],
};

const packageOf = (path: string): string => path.split('/')[1]!;

test('imports between packages follow the arrows', () => {
  const offences: string[] = [];
  for (const file of shipped) {
    const from = packageOf(file.path);
    for (const target of file.imports) {
      const other = /^@synod\/([a-z]+)/.exec(target)?.[1];
      if (other !== undefined && !ARROWS[from]?.includes(other))
        offences.push(`${file.path} imports ${target}`);
      if (target.startsWith('.')) {
        const reached = relative(root, resolve(dirname(join(root, file.path)), target));
        if (packageOf(reached) !== from) offences.push(`${file.path} reaches into ${reached}`);
      }
    }
  }
  expectNone(offences, 'move the code to the package below, or import it by its package name');
});

test('a package depends on what it imports, and on nothing else of ours', () => {
  for (const [name, allowed] of Object.entries(ARROWS)) {
    const manifest = JSON.parse(readFileSync(join(root, 'packages', name, 'package.json'), 'utf8')) as {
      dependencies?: Record<string, string>;
    };
    const ours = Object.keys(manifest.dependencies ?? {}).filter((dependency) =>
      dependency.startsWith('@synod/'),
    );
    assert.deepEqual(
      ours.sort(),
      allowed.map((other) => `@synod/${other}`),
      `packages/${name}/package.json`,
    );
  }
});

interface Wall {
  /** Of packages/, without its files that are no folder's. */
  readonly folder: string;
  /** Folders of packages/ with slashes; what lies in them is behind the wall. */
  readonly mustNotImport: readonly string[];
  readonly because: string;
}

const inServer = (...folders: string[]): string[] => folders.map((folder) => `server/src/${folder}`);
const SERVICE = 'coordination/src/service';
const MEMBER = 'coordination/src/member';

const WALLS: readonly Wall[] = [
  {
    folder: 'server/src/protocols',
    mustNotImport: [MEMBER, ...inServer('storage', 'transport', 'member', 'cli', 'config')],
    because: 'a protocol turns bytes into commands and results into bytes',
  },
  {
    folder: 'server/src/client',
    mustNotImport: [
      SERVICE,
      MEMBER,
      ...inServer('http2', 'storage', 'transport', 'member', 'cli', 'config', 'metrics'),
    ],
    because: 'a client knows the wire and loads nothing of the server',
  },
  {
    folder: 'server/src/discovery',
    mustNotImport: inServer('storage', 'transport', 'member', 'cli', 'config'),
    because: 'a registry does not know who asks it, or why',
  },
  {
    folder: 'server/src/http2',
    mustNotImport: [SERVICE, MEMBER, ...inServer('grpc', 'protocols', 'storage', 'transport', 'member')],
    because: 'HTTP/2 knows nothing of what travels in it',
  },
  {
    folder: 'server/src/grpc',
    mustNotImport: [SERVICE, MEMBER, ...inServer('protocols', 'storage', 'transport', 'member')],
    because: 'gRPC knows nothing of the services',
  },
  {
    folder: 'server/src/storage',
    mustNotImport: [SERVICE, MEMBER, ...inServer('protocols', 'transport', 'member')],
    because: 'a store knows bytes',
  },
  ...['tokens', 'passwords'].map((folder) => ({
    folder: `server/src/${folder}`,
    mustNotImport: [MEMBER, ...inServer('grpc', 'http2', 'protocols', 'storage', 'transport', 'member')],
    because: 'who somebody is does not depend on how they came',
  })),
  {
    folder: 'server/src/transport',
    mustNotImport: [SERVICE, MEMBER, ...inServer('protocols', 'storage', 'member')],
    because: 'a transport knows bytes',
  },
  ...['auth', 'backend', 'keyspace', 'leases', 'machine', 'members', 'watches'].map((folder) => ({
    folder: `coordination/src/${folder}`,
    mustNotImport: [SERVICE, MEMBER],
    because: 'the state machine does not know who asks it',
  })),
  { folder: SERVICE, mustNotImport: [MEMBER], because: 'a service knows no process around it' },
];

/** Where an import leads, from packages/ on; undefined: to no file of ours, or to a package's root. */
function importedFile(path: string, target: string): string | undefined {
  if (target.startsWith('.'))
    return relative(join(root, 'packages'), resolve(dirname(join(root, path)), target));
  const deep = /^@synod\/([a-z]+)\/(.+\.ts)$/.exec(target);
  return deep ? `${deep[1]}/src/${deep[2]}` : undefined;
}

test('inside the packages, walls hold', () => {
  const offences: string[] = [];
  for (const { folder, mustNotImport, because } of WALLS) {
    const files = shipped.filter(({ path }) => path.startsWith(`packages/${folder}/`));
    assert.ok(files.length > 0, `${folder} has files`);
    for (const { path, imports } of files)
      for (const target of imports) {
        const reached = importedFile(path, target);
        if (mustNotImport.some((behind) => reached?.startsWith(`${behind}/`)))
          offences.push(`${path} imports ${target}: ${because}`);
      }
  }
  expectNone(offences, 'pass it in as a port from member/');
});

test('a protocol knows of the service its words only', () => {
  const offences = shipped
    .filter(({ path }) => path.startsWith('packages/server/src/protocols/'))
    .flatMap(({ path, imports }) => imports.map((target) => ({ path, reached: importedFile(path, target) })))
    .filter(({ reached }) => reached?.startsWith(`${SERVICE}/`) && reached !== `${SERVICE}/service-api.ts`)
    .map(({ path, reached }) => `${path} imports ${reached}`);
  expectNone(offences, 'use what service-api.ts says; what it lacks is added there');
});

test('inside the engine, a protocol is never named outside its own folder', () => {
  const offences = shipped
    .filter(({ path }) => /^packages\/consensus\/src\/(core|journal|replica|bytes|checksum)\//.test(path))
    .filter(({ imports }) => imports.some((target) => /\/(raft|paxos)\//.test(target)))
    .map(({ path }) => path);
  expectNone(offences, 'write it against ConsensusCore (core/core.ts)');
});

/** Name → what a pure package uses instead. */
const BANNED_IN_PURE: Readonly<Record<string, string>> = {
  'node:': 'a port, implemented in packages/server',
  'Buffer\\.': 'Uint8Array with ByteWriter and ByteReader',
  'process\\.': 'an input',
  'setTimeout\\(': 'a tick, or Clock.defer',
  'setInterval\\(': 'a tick',
  'setImmediate\\(': 'Clock.defer',
  'Date\\.': 'Clock.nowMs, or a time that travels in the command',
  'performance\\.': 'Clock.nowMs',
  'Math\\.random': 'a random function passed in',
  'console\\.': 'an Observer event',
  'crypto\\.': 'an input',
  globalThis: 'an input',
};

test('pure packages name no platform, no clock and no randomness', () => {
  const offences: string[] = [];
  for (const file of shipped.filter(({ path }) =>
    /^packages\/(consensus|coordination|simulator)\//.test(path),
  )) {
    const code = file.text
      .replace(/\/\*[\s\S]*?\*\//g, '')
      .replace(/\/\/.*$/gm, '')
      .replace(/'[^'\n]*'/g, (text) => (text.startsWith("'node:") ? text : "''"));
    for (const [name, instead] of Object.entries(BANNED_IN_PURE)) {
      if (new RegExp(`(?<![\\w.])${name}`).test(code))
        offences.push(`${file.path} names ${name.replaceAll('\\', '')} → ${instead}`);
    }
  }
  expectNone(offences, 'see beside each name');
});

test('files have telling names and say their job first', () => {
  const dumpingGrounds = new Set(['utils', 'helpers', 'common', 'types', 'misc', 'util', 'helper']);
  const offences: string[] = [];
  for (const file of everything) {
    const name = basename(file.path).replace(/(\.test)?\.ts$/, '');
    if (dumpingGrounds.has(name)) offences.push(`${file.path}: name it after its one subject`);
    if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) offences.push(`${file.path}: kebab-case`);
    if (!/^(#!.*\n)?(\/\*\*|\/\/)/.test(file.text))
      offences.push(`${file.path}: open with a comment that says its job`);
  }
  expectNone(offences, 'see beside each file');
});

test('no default exports, and barrels only at a package root', () => {
  const offences: string[] = [];
  for (const file of everything) {
    if (/^export default /m.test(file.text)) offences.push(`${file.path}: default export`);
    const isRoot = /^packages\/[a-z]+\/src\/index\.ts$/.test(file.path);
    if (!isRoot && /^export \* from/m.test(file.text)) offences.push(`${file.path}: barrel`);
  }
  expectNone(offences, 'export by name, from the file where it lives');
});

/** Files past the seam, with the length they may not exceed. Entries only leave this list or shrink. */
const LENGTH_RATCHET: Readonly<Record<string, number>> = {};
const LENGTH_MAX = 400;

test('files stay short', () => {
  const offences = shipped
    .filter(({ path, lines }) => lines > (LENGTH_RATCHET[path] ?? LENGTH_MAX))
    .map(({ path, lines }) => `${path}: ${lines} lines`);
  expectNone(offences, `past ${LENGTH_MAX} lines there is a seam: split the file there`);
  for (const path of Object.keys(LENGTH_RATCHET))
    assert.ok(existsSync(join(root, path)), `${path} left: drop its ratchet`);
});

/** Entry points that nothing imports: a process and its threads. */
const ROOTS = new Set([
  'packages/server/src/main.ts',
  'packages/server/src/cli/sim-worker.ts',
  'packages/server/src/passwords/password-worker.ts',
]);

test('nothing shipped is dead: every file is imported by another or is a root', () => {
  const imported = new Set<string>();
  for (const { path, imports } of everything)
    for (const target of imports) {
      const reached = importedFile(path, target);
      if (reached !== undefined) imported.add(`packages/${reached}`);
    }
  const offences = shipped
    .map(({ path }) => path)
    .filter((path) => !path.endsWith('/src/index.ts') && !imported.has(path) && !ROOTS.has(path));
  expectNone(offences, 'remove the file, or use it');
});

test('every dependency is explained in docs/decisions', () => {
  const decisions = globSync('docs/decisions/*.md', { cwd: root })
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n');
  const manifests = ['package.json', ...globSync('packages/*/package.json', { cwd: root })];
  const offences: string[] = [];
  for (const path of manifests) {
    const manifest = JSON.parse(readFileSync(join(root, path), 'utf8')) as Record<
      string,
      Record<string, string> | undefined
    >;
    for (const field of ['dependencies', 'devDependencies']) {
      for (const name of Object.keys(manifest[field] ?? {})) {
        if (!name.startsWith('@synod/') && !decisions.includes(`\`${name}\``))
          offences.push(`${path}: ${name}`);
      }
    }
  }
  expectNone(offences, 'add a line on why it and not another, or drop it');
});

test('the lock file names every optional package of every platform', () => {
  // npm leaves out what its registry does not offer at that moment, and `npm ci` then refuses the lock everywhere.
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<
      Record<string, { readonly optionalDependencies?: Readonly<Record<string, string>> }>
    >;
  };
  const offences: string[] = [];
  for (const [path, { optionalDependencies = {} }] of Object.entries(lock.packages)) {
    for (const name of Object.keys(optionalDependencies)) {
      const candidates = [`node_modules/${name}`, `${path}/node_modules/${name}`];
      if (!candidates.some((candidate) => candidate in lock.packages)) offences.push(`${path} → ${name}`);
    }
  }
  expectNone(offences, 'add the entry (version, os, cpu, "optional": true) to package-lock.json');
});

test('links in the documents lead somewhere', () => {
  const offences: string[] = [];
  for (const path of [...globSync('*.md', { cwd: root }), ...globSync('docs/**/*.md', { cwd: root })]) {
    const text = readFileSync(join(root, path), 'utf8');
    for (const match of text.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
      const target = match[1]!;
      if (/^[a-z]+:/.test(target)) continue;
      if (!existsSync(join(root, dirname(path), target))) offences.push(`${path} → ${target}`);
    }
  }
  expectNone(offences, 'mend the link');
});

/** A core's messages → the page whose table has a row for each. */
const MESSAGE_PAGES: Readonly<Record<string, string>> = {
  'packages/consensus/src/raft/messages.ts': 'docs/raft.md',
  'packages/consensus/src/paxos/messages.ts': 'docs/paxos.md',
};

test('the message table of each protocol has every kind of message, and no other', () => {
  for (const [source, page] of Object.entries(MESSAGE_PAGES)) {
    const kinds = [...readFileSync(join(root, source), 'utf8').matchAll(/^ {2}readonly kind: '(\w+)';/gm)];
    const section = /^## Messages$([\s\S]*?)^## /m.exec(readFileSync(join(root, page), 'utf8'))?.[1] ?? '';
    const rows = [...section.matchAll(/^\| `(\w+)` \|/gm)];
    assert.ok(kinds.length > 0, `${source} has messages`);
    assert.deepEqual(
      rows.map((row) => row[1]!).sort(),
      kinds.map((kind) => kind[1]!).sort(),
      `${page}: one row a message of ${source}`,
    );
  }
});

test('unfinished work carries no marker, because there is none', () => {
  const marker = new RegExp(
    // The last two: what a merge leaves where both sides changed a line.
    [
      'TO' + 'DO',
      'FIX' + 'ME',
      'XX' + 'X',
      '@ts-' + 'ignore',
      '@ts-' + 'nocheck',
      'biome-' + 'ignore',
      '<<<' + '<<<<',
      '>>>' + '>>>>',
    ].join('|'),
  );
  const offences = everything.filter(({ text }) => marker.test(text)).map(({ path }) => path);
  expectNone(offences, 'finish it, or leave the feature out and say so in the documents');
});
