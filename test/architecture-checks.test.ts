// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the samples are source text
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
import { importsOf, readSource, wordsOf } from './support/source-text.ts';

/** Each check of `architecture.test.ts` can fail: shown on samples too small to be wrong about. */

const imports = (source: string) => importsOf(readSource(source));
const specifiers = (source: string) => imports(source).map((found) => found.specifier);
const SERVER = 'packages/server/src';
const breaches = (path: string, source: string) => findBreaches(`${SERVER}/${path}`, imports(source));

describe('reading imports', () => {
  it.each([
    ["import { a } from './a.ts';", false],
    ["import type { A } from './a.ts';", true],
    ["import { type A, type B } from './a.ts';", true],
    ["import { type A, b } from './a.ts';", false],
    ["import a, { type B } from './a.ts';", false],
    ["import * as a from './a.ts';", false],
    ["import './a.ts';", false],
    ["import\n  {\n  a,\n  b,\n}\nfrom\n  './a.ts';", false],
    ["export { a } from './a.ts';", false],
    ["export * from './a.ts';", false],
    ["export * as a from './a.ts';", false],
    ["export type { A } from './a.ts';", true],
    ["const a = await import('./a.ts');", false],
    ["const a = () => import('./a.ts');", false],
    ["function f(a: import('./a.ts').A) {}", true],
    ["type B = import('./a.ts').A;", true],
    ["let b: Map<string, typeof import('./a.ts')>;", true],
    ['import { a } from "./a.ts";', false],
    ["import a from './a.ts' with { type: 'json' };", false],
    ["const x = `${await import('./a.ts')}`;", false],
    ["import { $a } from './a.ts';", false],
  ])('finds it in %j', (source, typeOnly) => {
    expect(imports(source)).toEqual([
      { specifier: './a.ts', typeOnly, atOnce: !typeOnly && !source.includes('import(') },
    ]);
  });

  it.each([
    ["// import { a } from './a.ts';"],
    ["/* import './a.ts'; */"],
    ["/** @type {import('./a.ts')} */"],
    ['const a = "import { b } from \'./a.ts\'";'],
    ["const a = `import './a.ts'`;"],
    ["const a = /import '.\\/a.ts'/;"],
    ["const from = './a.ts'; export const to = 1;"],
    ['export const a = 1;\nconst b = Array.from("./a.ts");'],
  ])('finds none in %j', (source) => {
    expect(specifiers(source)).toEqual([]);
  });

  it('is not led astray by quotes in regular expressions, templates in templates and divisions', () => {
    const source = [
      "const quote = /['\"`/]/g.test(a) ? /'/ : b;",
      'const half = (width / 2) / height; const s = "it\'s";',
      "const t = `a ${ { b: `c ${'}'} d` }.b } '`;",
      "import { a } from './a.ts';",
      "const u = `${a / 2}'`; // don't",
      "import { b } from './b.ts';",
    ].join('\n');
    expect(specifiers(source)).toEqual(['./a.ts', './b.ts']);
  });

  it('keeps two imports apart', () => {
    expect(specifiers("import './a.ts';\nimport { b } from './b.ts';\nexport { c };\nimport d from 'd';")).toEqual(
      expect.arrayContaining(['./a.ts', './b.ts', 'd']),
    );
  });
});

describe('finding rooms and targets', () => {
  it.each([
    ['packages/server/src/domain/picture/png.ts', 'domain'],
    ['packages/server/src/http/dialects/openai/schema.ts', 'http'],
    ['packages/server/src/main.ts', 'main'],
    ['packages/server/src/cli.ts', 'cli'],
    ['packages/server/src/cli/serve.ts', 'cli'],
    ['packages/renderer/src/motion/random.ts', 'renderer'],
    ['packages/client/src/index.ts', 'client'],
    ['packages/server/src/lib/odd.ts', undefined],
    ['packages/server/src/odd.ts', undefined],
    ['packages/other/src/odd.ts', undefined],
  ])('%s is in %s', (path, room) => {
    expect(roomOf(path)).toBe(room);
  });

  it.each([
    ['../ports/store.ts', { kind: 'file', path: `${SERVER}/ports/store.ts` }],
    ['@inbetween/client', { kind: 'file', path: 'packages/client/src/index.ts' }],
    ['@inbetween/renderer/src/x.ts', { kind: 'file', path: 'packages/renderer/src/x.ts' }],
    ['node:fs/promises', { kind: 'builtin', name: 'node:fs/promises' }],
    ['crypto', { kind: 'builtin', name: 'crypto' }],
    ['zod', { kind: 'npm', name: 'zod' }],
    ['@aws-sdk/client-s3', { kind: 'npm', name: '@aws-sdk/client-s3' }],
  ])('%s', (specifier, target) => {
    expect(resolveSpecifier(`${SERVER}/worker/lane.ts`, specifier)).toEqual(target);
  });

  it('knows what belongs to tests', () => {
    expect(['a.test.ts', 'a.contract.ts', 'a.fixture.ts', 'test/support/a.ts'].every(isOfTests)).toBe(true);
    expect(isOfTests(`${SERVER}/domain/latest.ts`)).toBe(false);
  });
});

describe('the import table', () => {
  it.each([
    ['domain/a.ts', "import type { B } from '../ports/b.ts';"],
    ['domain/a.ts', "import { hash } from 'node:crypto';"],
    ['domain/a.ts', "import { z } from 'zod';"],
    ['ports/a.ts', "import type { B } from '../service/b.ts';"],
    ['ports/a.ts', "import type { Readable } from 'node:stream';"],
    ['service/a.ts', "import { b } from '../worker/b.ts';"],
    ['worker/a.ts', "import type { B } from '../service/b.ts';"],
    ['service/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['service/a.ts', "import { b } from '../adapters/net/b.ts';"],
    ['worker/a.ts', "import { z } from 'zod';"],
    ['adapters/net/a.ts', "import { b } from '../../service/b.ts';"],
    ['adapters/net/a.ts', "import type { B } from '../../http/b.ts';"],
    ['adapters/net/a.ts', "import { b } from '../media/b.ts';"],
    ['adapters/stores/memory/a.ts', "import { b } from '../sqlite/b.ts';"],
    ['adapters/backends/a.ts', "import { b } from '@inbetween/renderer/src/motion/b.ts';"],
    ['http/a.ts', "import type { B } from '../ports/b.ts';"],
    ['http/a.ts', "import { b } from '../worker/b.ts';"],
    ['http/a.ts', "import { b } from '@inbetween/client';"],
    ['http/a.ts', "import { b } from '../adapters/net/b.ts';"],
    ['config/a.ts', "import { b } from '../domain/b.ts';"],
    ['config/a.ts', "import { readFileSync } from 'node:fs';"],
    ['main.ts', "import { b } from './service/b.ts';"],
    ['cli/a.ts', "const b = await import('../adapters/net/b.ts');"],
    ['service/a.ts', "import { b } from './b.test.ts';"],
    ['compose/a.ts', "import { b } from '../odd/b.ts';"],
    ['../../renderer/src/a.ts', "import { b } from '@inbetween/server';"],
    ['../../renderer/src/a.ts', "import type { B } from '../../server/src/domain/b.ts';"],
    ['../../client/src/a.ts', "import { b } from 'node:fs';"],
    ['../../client/src/a.ts', "import { b } from 'zod';"],
  ])('forbids %s: %s', (path, source) => {
    const from = path.startsWith('../../') ? `packages/${path.slice(6)}` : `${SERVER}/${path}`;
    expect(findBreaches(from, imports(source))).toHaveLength(1);
  });

  it.each([
    ['domain/a.ts', "import type { B } from './picture/b.ts';"],
    ['ports/a.ts', "import type { B } from '../domain/b.ts';"],
    ['service/a.ts', "import { hash } from 'node:crypto'; import type { B } from '../ports/b.ts';"],
    ['adapters/net/a.ts', "import { b } from '../system/b.ts'; import { request } from 'undici'; import 'node:net';"],
    ['adapters/stores/sqlite/a.ts', "import { b } from '../sql/b.ts'; import { c } from '../rows.ts';"],
    ['adapters/media/a.ts', "import { b } from './bmp/b.ts';"],
    ['adapters/backends/renderer/a.ts', "import { render } from '@inbetween/renderer';"],
    ['http/a.ts', "import type { B } from '@inbetween/client'; import { z } from 'zod'; import 'node:stream';"],
    ['config/a.ts', "import { z } from 'zod';"],
    ['compose/a.ts', "import { b } from '../adapters/net/b.ts'; import 'node:fs'; import { c } from '../worker/c.ts';"],
    ['main.ts', "import { b } from './cli/b.ts'; import { c } from './compose/c.ts';"],
  ])('allows %s: %s', (path, source) => {
    expect(breaches(path, source)).toEqual([]);
  });
});

describe('the other checks', () => {
  it('see circles of any length, and none in a diamond', () => {
    const graph = (edges: Record<string, string[]>) => new Map(Object.entries(edges));
    expect(circlesIn(graph({ a: ['b'], b: ['c'], c: ['a'], d: ['a'] }))).toEqual([['a', 'b', 'c', 'a']]);
    expect(circlesIn(graph({ a: ['a'] }))).toEqual([['a', 'a']]);
    expect(circlesIn(graph({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] }))).toEqual([]);
  });

  it('see the middle of numbers', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
  });

  it('see vague endings, and only those', () => {
    expect(
      ['KeyManager', 'string-utils', 'StoreImpl', 'FrameData', 'helper', 'BaseBase'].filter(endsInVagueWord),
    ).toHaveLength(6);
    expect(['Database', 'data-term', 'Managers2D', 'BaseUrl', 'metadata'].filter(endsInVagueWord)).toEqual([]);
  });

  it('see what is declared', () => {
    const text = readSource(
      'export class A extends B {}\ninterface IThing<T> {}\ntype C = 1;\nfunction* d() {}\nconst s = "class X {}";',
    );
    expect(declaredNamesIn(text)).toEqual([
      { kind: 'class', name: 'A' },
      { kind: 'interface', name: 'IThing' },
      { kind: 'type', name: 'C' },
      { kind: 'function', name: 'd' },
    ]);
  });

  it('see the nouns task and job as words of names, not in text', () => {
    const text = readSource('const jobId = task_list("a task"); // the job\nconst taskless = JOBS;');
    expect(bareNamesOf(text).filter(speaksOfTasks)).toEqual(['jobId', 'task_list', 'JOBS']);
  });

  it('split names into words', () => {
    expect(wordsOf('HTTPServerError_code-2')).toEqual(['http', 'server', 'error', 'code', '2']);
  });
});
