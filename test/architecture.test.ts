import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  bareNamesOf,
  circlesIn,
  declaredNamesIn,
  endsInVagueWord,
  findBreaches,
  isOfTests,
  median,
  resolveSpecifier,
  roomOf,
  speaksOfTasks,
} from './support/architecture.ts';
import { importsOf, readSource, type SourceText, wordsOf } from './support/source-text.ts';

/** Holds the import table of the design (§1) and the habits that a machine can see. */

const ROOT = resolve(import.meta.dirname, '..');
const WALL = 400;

interface SourceFile {
  readonly path: string;
  readonly lines: number;
  readonly text: SourceText;
  readonly raw: string;
}

const files: readonly SourceFile[] = readdirSync(join(ROOT, 'packages'))
  .flatMap((name) => walk(join(ROOT, 'packages', name, 'src')))
  .filter((path) => path.endsWith('.ts') && !path.endsWith('.as.ts') && !path.includes('/assembly/'))
  .map((path) => {
    const raw = readFileSync(path, 'utf8');
    return { path: relative(ROOT, path), lines: raw.trimEnd().split('\n').length, text: readSource(raw), raw };
  });
const sources = files.filter((file) => !isOfTests(file.path));
const known = new Set(files.map((file) => file.path));
const edges = new Map(files.map((file) => [file.path, targetsOf(file)]));

function walk(folder: string): readonly string[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? walk(path) : [path];
    });
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}

/** The files of ours that a file imports. */
function targetsOf(file: SourceFile): readonly string[] {
  return importsOf(file.text)
    .map(({ specifier }) => resolveSpecifier(file.path, specifier))
    .filter((target) => target.kind === 'file')
    .map((target) => target.path)
    .filter((path) => known.has(path));
}

/** Everything a file reaches through imports. */
function reach(start: string): ReadonlySet<string> {
  const seen = new Set([start]);
  for (const path of seen) for (const next of edges.get(path) ?? []) seen.add(next);
  return seen;
}

const wrong = (found: readonly string[]) => expect(found, found.join('\n')).toEqual([]);

describe('the packages', () => {
  it('have files to look at', () => {
    expect(sources.length).toBeGreaterThan(60);
  });

  it('stand in rooms that the design names', () => {
    wrong(sources.filter((file) => roomOf(file.path) === undefined).map((file) => `${file.path}: which room is this?`));
  });

  it('import only what the table allows', () => {
    wrong(sources.flatMap((file) => findBreaches(file.path, importsOf(file.text))));
  });

  it('have no import circle, type imports counted', () => {
    const inner = new Map(
      sources.map((file) => [file.path, (edges.get(file.path) ?? []).filter((path) => !isOfTests(path))]),
    );
    wrong(circlesIn(inner).map((circle) => circle.join(' → ')));
  });

  it(`have no file of more than ${WALL} lines`, () => {
    const middle = median(sources.map((file) => file.lines));
    console.log(`architecture: ${sources.length} files, median ${middle} lines`);
    wrong(sources.filter((file) => file.lines > WALL).map((file) => `${file.path}: ${file.lines} lines`));
  });
});

/**
 * What `npm start` loads before it listens. Each package more costs every idle server megabytes; what only some
 * installations or requests need is imported where it is used (decision 31).
 */
const AT_START = ['better-sqlite3', 'citty', 'fastify', 'ipaddr.js', 'kysely', 'pino', 'prom-client', 'zod'];

/** Who may touch the process's environment besides main and cli, and why. */
const ENVIRONMENT: Readonly<Record<string, string>> = {
  'packages/renderer/src/encode/openh264.ts':
    'sets, never reads: the codec package has no other switch for its statically linked build',
};

describe('the habits', () => {
  it('read the environment in main and cli only', () => {
    const readers = sources
      .filter((file) => !['main', 'cli'].includes(roomOf(file.path) ?? ''))
      .filter((file) => /\bprocess\s*\.\s*env\b/.test(file.text.code) || destructuresEnv(file.text))
      .filter((file) => !(file.path in ENVIRONMENT));
    wrong(readers.map((file) => file.path));
  });

  it('print in main and cli only', () => {
    const printers = sources
      .filter((file) => !['main', 'cli'].includes(roomOf(file.path) ?? ''))
      .filter((file) => /\bconsole\s*[.[]|\bprocess\s*\.\s*(?:stdout|stderr)\s*\.\s*write\b/.test(file.text.code));
    wrong(printers.map((file) => file.path));
  });

  it('give no class or file a vague name, and no interface an I', () => {
    wrong(
      files.flatMap((file) => {
        const stem = basename(file.path).replace(/\..*$/, '');
        const vague = declaredNamesIn(file.text).filter(
          ({ kind, name }) => (kind !== 'function' && endsInVagueWord(name)) || isIName(kind, name),
        );
        return [
          ...(endsInVagueWord(stem) ? [`${file.path}: file name`] : []),
          ...vague.map(({ name }) => `${file.path}: ${name}`),
        ];
      }),
    );
  });

  it('say video, never task or job, outside dialects and adapters', () => {
    wrong(
      sources
        .filter((file) => !maySpeakOfTasks(file.path))
        .flatMap((file) =>
          bareNamesOf(file.text)
            .filter(speaksOfTasks)
            .map((name) => `${file.path}: ${name}`),
        ),
    );
  });
});

describe('a server on its own folder', () => {
  it('loads no package at its start that it will not use', () => {
    const loaded = new Set(['packages/server/src/main.ts', 'packages/server/src/cli/serve.ts']);
    const packages = new Map<string, string>();
    for (const path of loaded) {
      const file = files.find((one) => one.path === path);
      for (const { specifier, atOnce } of file === undefined ? [] : importsOf(file.text)) {
        const target = resolveSpecifier(path, specifier);
        if (!atOnce || target.kind === 'builtin') continue;
        if (target.kind === 'file') loaded.add(target.path);
        else packages.set(target.name, path);
      }
    }
    expect([...packages.keys()]).toContain('fastify');
    wrong([...packages].filter(([name]) => !AT_START.includes(name)).map(([name, path]) => `${path}: ${name}`));
  });
});

describe('the contract suites', () => {
  const contracts = files.filter((file) => file.path.includes('/ports/') && file.path.endsWith('.contract.ts'));

  it('are run for every adapter of their port', () => {
    expect(contracts.length).toBeGreaterThan(0);
    wrong(contracts.flatMap((contract) => untestedAdapters(contract)));
  });
});

const destructuresEnv = ({ code }: SourceText) => /\{[^{}]*\benv\b[^{}]*\}\s*=\s*process\b/.test(code);
const isIName = (kind: string, name: string) =>
  kind === 'interface' && /^I[A-Z][a-z]/.test(name) && wordsOf(name)[0] === 'i';

/**
 * In a dialect and at a peer these are the words of the wire, and the client owns the wire's types. The renderer knows
 * no videos: what it hands to its threads are not the aggregate of the design.
 */
function maySpeakOfTasks(path: string): boolean {
  const room = roomOf(path);
  return room === 'adapters' || room === 'renderer' || room === 'client' || path.includes('/http/dialects/');
}

/** Adapters that implement an interface of the contract's port, and that no test which runs the contract reaches. */
function untestedAdapters(contract: SourceFile): readonly string[] {
  const port = contract.path.replace(/\.contract\.ts$/, '.ts');
  const portFile = files.find((file) => file.path === port);
  const suites = declaredNamesIn(contract.text).filter(({ kind }) => kind === 'function');
  const interfaces =
    portFile === undefined ? [] : declaredNamesIn(portFile.text).filter(({ kind }) => kind === 'interface');
  const tested = new Set(
    files
      .filter((file) => file.path.endsWith('.test.ts') && (edges.get(file.path) ?? []).includes(contract.path))
      .filter((file) => suites.some(({ name }) => new RegExp(`\\b${name}\\s*\\(`).test(file.text.code)))
      .flatMap((file) => [...reach(file.path)]),
  );
  // A long suite is written in several files.
  const suite = files.filter((file) => file.path.endsWith('.contract.ts') && reach(contract.path).has(file.path));
  const subjects = interfaces.map(({ name }) => name).filter((name) => suite.some((file) => mentions(file.text, name)));
  return sources
    .filter((file) => roomOf(file.path) === 'adapters' && (edges.get(file.path) ?? []).includes(port))
    .filter((file) => subjects.some((name) => implementsPort(file.text, name)) && !tested.has(file.path))
    .map((file) => `${file.path} is not run through ${contract.path}`);
}

function mentions({ code }: SourceText, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(code);
}

/** `implements Store`, or a function or constant that is declared to give one. */
function implementsPort({ code }: SourceText, name: string): boolean {
  return (
    new RegExp(`\\bimplements\\b[^{]*\\b${name}\\b`).test(code) ||
    new RegExp(`\\bexport\\s+(?:async\\s+)?function\\b[^;]*?\\)\\s*:\\s*(?:Promise\\s*<\\s*)?${name}\\b`).test(code) ||
    new RegExp(`\\bexport\\s+const\\s+\\w+\\s*:\\s*${name}\\b`).test(code)
  );
}

describe('the contract check itself', () => {
  it('knows an adapter by what it implements or returns', () => {
    expect(implementsPort(readSource('class Disk implements Other, Store {}'), 'Store')).toBe(true);
    expect(implementsPort(readSource('export function open(a: string): Store { }'), 'Store')).toBe(true);
    expect(implementsPort(readSource('export async function open({ a }: X): Promise<Store> { }'), 'Store')).toBe(true);
    expect(implementsPort(readSource('export const store: Store = {}'), 'Store')).toBe(true);
    expect(implementsPort(readSource('export function use(store: Store): void {}'), 'Store')).toBe(false);
    expect(implementsPort(readSource('export function open(): StoreList {}'), 'Store')).toBe(false);
  });

  it('follows imports as far as they go', () => {
    const start = sources.find((file) => file.path.endsWith('server/src/domain/transitions.ts'))?.path ?? '';
    expect([...reach(start)].map((path) => basename(path))).toContain('size.ts');
    expect(dirname(start)).toMatch(/domain$/);
  });
});
