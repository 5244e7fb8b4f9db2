import { isBuiltin } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import { type Import, namesIn, type SourceText, wordsOf } from './source-text.ts';

/** The import table of the design (§1) as data, and the questions the architecture test asks. Paths are from the root. */

export type Room =
  | 'domain'
  | 'ports'
  | 'service'
  | 'worker'
  | 'adapters'
  | 'http'
  | 'config'
  | 'compose'
  | 'main'
  | 'cli'
  | 'renderer'
  | 'client'
  | 'ai-sdk-provider';

interface Rule {
  /** Rooms of ours; a room may always import itself. */
  readonly rooms: readonly Room[];
  readonly npm: boolean;
  readonly builtins: boolean | readonly string[];
  /** Of these rooms only types. */
  readonly typesOnly?: readonly Room[];
}

const ALL: readonly Room[] = [
  'domain',
  'ports',
  'service',
  'worker',
  'adapters',
  'http',
  'config',
  'compose',
  'renderer',
  'client',
];

/** What is not listed is forbidden. */
export const TABLE: Readonly<Record<Room, Rule>> = {
  domain: { rooms: [], npm: false, builtins: false },
  ports: { rooms: ['domain'], npm: false, builtins: false },
  service: { rooms: ['domain', 'ports'], npm: false, builtins: ['node:crypto'] },
  worker: { rooms: ['domain', 'ports'], npm: false, builtins: ['node:crypto'] },
  adapters: { rooms: ['domain', 'ports', 'renderer'], npm: true, builtins: true },
  http: { rooms: ['domain', 'service', 'client'], npm: true, builtins: true, typesOnly: ['client'] },
  config: { rooms: [], npm: true, builtins: false },
  compose: { rooms: ALL, npm: true, builtins: true },
  // citty and @clack/prompts are the command line's own words.
  main: { rooms: ['cli', 'compose', 'config', 'client'], npm: true, builtins: true },
  cli: { rooms: ['compose', 'config', 'client'], npm: true, builtins: true },
  renderer: { rooms: [], npm: true, builtins: true },
  client: { rooms: [], npm: false, builtins: false },
  // The AI SDK's own interface is its only package.
  'ai-sdk-provider': { rooms: ['client'], npm: true, builtins: false },
};

const SERVER_ROOMS: ReadonlySet<string> = new Set<Room>([
  'domain',
  'ports',
  'service',
  'worker',
  'adapters',
  'http',
  'config',
  'compose',
  'cli',
]);

const WORKSPACE = /^@inbetween\/(renderer|client|ai-sdk-provider|server)(\/.*)?$/;
/** Kinds of which there are several adapters, each in a folder of its own. */
const MANY: readonly string[] = ['stores', 'backends'];
/** Folders that these may share: the SQL stores have one text of their queries. */
const SHARED_FOLDERS: readonly string[] = ['stores/sql', 'backends/remote'];

export function isOfTests(path: string): boolean {
  return /\.(?:test|contract|fixture)\.ts$/.test(path) || /(?:^|\/)test\//.test(path);
}

/** The room a file stands in; undefined: in none that the design knows. */
export function roomOf(path: string): Room | undefined {
  const [, pack, rest] = /^packages\/([^/]+)\/src\/(.+)$/.exec(path) ?? [];
  if (pack === 'renderer' || pack === 'client' || pack === 'ai-sdk-provider') return pack;
  if (pack !== 'server' || rest === undefined) return undefined;
  const [folder = '', ...below] = rest.split('/');
  if (below.length === 0)
    return folder === 'main.ts' || folder === 'index.ts' ? 'main' : folder === 'cli.ts' ? 'cli' : undefined;
  return SERVER_ROOMS.has(folder) ? (folder as Room) : undefined;
}

export type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'builtin'; readonly name: string }
  | { readonly kind: 'npm'; readonly name: string };

/** What a specifier names. Our own packages are files, however they are spelt. */
export function resolveSpecifier(from: string, specifier: string): Target {
  const [, pack, inside] = WORKSPACE.exec(specifier) ?? [];
  if (pack !== undefined) return { kind: 'file', path: `packages/${pack}${doorOf(inside)}` };
  if (/^\.{1,2}(?:\/|$)/.test(specifier)) return { kind: 'file', path: normalize(join(dirname(from), specifier)) };
  if (isBuiltin(specifier)) return { kind: 'builtin', name: specifier };
  return { kind: 'npm', name: specifier };
}

/** A package's front door, or a side door with a name of its own; whatever has an ending is a file. */
function doorOf(inside: string | undefined): string {
  if (inside === undefined) return '/src/index.ts';
  return /\.\w+$/.test(inside) ? inside : `/src${inside}/index.ts`;
}

/** The imports of a file that the table forbids, each as a sentence. */
export function findBreaches(path: string, imports: readonly Import[]): readonly string[] {
  const room = roomOf(path);
  if (room === undefined) return [];
  return imports.flatMap((wish) => {
    const why = breach(path, room, wish);
    return why === undefined ? [] : [`${path} imports ${wish.specifier}: ${why}`];
  });
}

function breach(path: string, room: Room, { specifier, typeOnly }: Import): string | undefined {
  const rule = TABLE[room];
  const target = resolveSpecifier(path, specifier);
  if (target.kind === 'npm') return rule.npm ? undefined : `${room} imports no package`;
  if (target.kind === 'builtin') {
    const allowed = rule.builtins === true || (Array.isArray(rule.builtins) && rule.builtins.includes(target.name));
    return allowed ? undefined : `${room} does not import ${target.name}`;
  }
  if (isOfTests(target.path)) return 'it belongs to tests';
  const other = roomOf(target.path);
  if (other === undefined) return isPackageFact(target.path) ? undefined : 'it stands in no room';
  if (other === room) return room === 'adapters' ? betweenAdapters(path, target.path) : undefined;
  if (!rule.rooms.includes(other)) return `${room} does not import ${other}`;
  if (rule.typesOnly?.includes(other) === true && !typeOnly) return `${room} imports only types of ${other}`;
  if (other === 'renderer' && !target.path.endsWith('/src/index.ts')) return 'the renderer has one door';
  return undefined;
}

/** A package's own manifest may be read by those who tell its version. */
function isPackageFact(path: string): boolean {
  return path.endsWith('/package.json');
}

/** Adapters do not know each other's insides; `system` is for all, and so is what lies directly in a kind's folder. */
function betweenAdapters(from: string, to: string): string | undefined {
  const [kind, name] = adapterOf(from);
  const [otherKind, otherName] = adapterOf(to);
  if (otherKind === 'system') return undefined;
  if (kind !== otherKind) return `adapters/${kind} does not import adapters/${otherKind}`;
  const free = name === undefined || otherName === undefined || otherName === name || !MANY.includes(kind);
  if (free || SHARED_FOLDERS.includes(`${otherKind}/${otherName}`)) return undefined;
  return `${kind}/${name} does not import the insides of ${otherKind}/${otherName}`;
}

/** Kind and folder: `stores/sqlite/rows.ts` is (stores, sqlite), `net/fetcher.ts` is (net). */
function adapterOf(path: string): readonly [string, string | undefined] {
  const [kind = '', ...below] = path.replace(/^.*\/adapters\//, '').split('/');
  return [kind, below.length > 1 ? below[0] : undefined];
}

/** Sets of files that import each other in a circle, each once, as the circle runs. */
export function circlesIn(edges: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const circles: string[][] = [];
  const done = new Set<string>();
  const path: string[] = [];
  const visit = (node: string) => {
    const at = path.indexOf(node);
    if (at >= 0) {
      circles.push([...path.slice(at), node]);
      return;
    }
    if (done.has(node)) return;
    path.push(node);
    for (const next of edges.get(node) ?? []) visit(next);
    path.pop();
    done.add(node);
  };
  for (const node of edges.keys()) visit(node);
  return circles;
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? 0)) / 2;
}

export interface Declared {
  readonly kind: 'class' | 'interface' | 'type' | 'function';
  readonly name: string;
}

/** Classes, interfaces, types and functions a file declares. */
export function declaredNamesIn({ code }: SourceText): readonly Declared[] {
  const found = code.matchAll(/\b(class|interface|type|function)\b\s*\*?\s*([A-Za-z_$][\w$]*)\s*[<({=\sie]/g);
  return [...found].flatMap(([, kind, name]) =>
    isKind(kind) && name !== undefined && name !== 'extends' ? [{ kind, name }] : [],
  );
}

function isKind(kind: string | undefined): kind is Declared['kind'] {
  return kind === 'class' || kind === 'interface' || kind === 'type' || kind === 'function';
}

const VAGUE: ReadonlySet<string> = new Set(
  ['manager', 'helper', 'util', 'impl', 'base', 'data'].flatMap((word) => [word, `${word}s`]),
);

/** `KeyManager`, `string-utils`; not `Database`, and not `data-term`, which ends in something. */
export function endsInVagueWord(name: string): boolean {
  return VAGUE.has(wordsOf(name).at(-1) ?? '');
}

export function speaksOfTasks(name: string): boolean {
  return wordsOf(name).some((word) => /^(?:task|job)s?$/.test(word));
}

export function bareNamesOf(text: SourceText): readonly string[] {
  return [...namesIn(text)];
}
