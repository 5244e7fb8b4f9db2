import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { sampleGraph } from '../../../../test/support/fakes/comfyui/sample-graph.ts';
import type { BackendConfig } from '../config/backends/backend-config.ts';
import { ConfigError } from '../config/config-error.ts';
import { parseFile } from '../config/parse-file.ts';
import { readConfig } from '../config/read-config.ts';
import { configChecks } from './config-checks.ts';
import { graphOf, UnusableGraph } from './graph-file.ts';

const GRAPH = sampleGraph({ first: 'a.png', last: 'b.png' });
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'inbetween-graphs-'));
  const { '5': _, ...cut } = GRAPH;
  const files = { good: GRAPH, editor: { nodes: [], links: [] }, cut, text: undefined };
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, `${name}.json`), content === undefined ? 'no' : JSON.stringify(content));
});
afterAll(() => rm(folder, { recursive: true }));

function mistakes(backends: Readonly<Record<string, object>>, env: Readonly<Record<string, string>> = {}) {
  const text = JSON.stringify({ backends });
  try {
    readConfig({ flags: {}, env, file: parseFile('in.json', text), ...configChecks });
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, '').split('\n').slice(1);
    throw error;
  }
  return [];
}

const engine = (graph: string, more = {}) => ({
  kind: 'comfyui',
  url: 'http://gpu',
  graph: join(folder, `${graph}.json`),
  ...more,
});

test('what is wrong with the graphs of all backends is told with all other mistakes, each with its field', () => {
  const told = mistakes(
    {
      a: engine('editor', { pollEvery: 'soon' }),
      b: engine('good', { bind: { prompt: '99.text', seed: ['9.seed', '9.nothing'] } }),
      c: engine('missing'),
      d: engine('cut'),
      e: engine('text'),
      f: { kind: 'dashscope', credential: 'NOT_THERE' },
      g: engine('good'),
    },
    { PORT: 'x', INBETWEEN_FETCH_ALLOW: '::::' },
  );
  const from = 'allowed is a graph in API format: in ComfyUI choose Workflow > Export (API) and use that file.';
  expect(told).toEqual([
    expect.stringContaining('in.json: backends.a.pollEvery: found "soon"'),
    expect.stringContaining('PORT: found "x"'),
    expect.stringContaining('INBETWEEN_FETCH_ALLOW: found "::::"'),
    expect.stringContaining('in.json: backends.f.credential: found NOT_THERE'),
    `  in.json: backends.a.graph: found "editor.json", a file in the format of the editor, which cannot be run; ${from}`,
    '  in.json: backends.b.bind.prompt: found "99.text"; allowed is a place in the graph, which has no node "99" (good.json).',
    expect.stringContaining(
      'in.json: backends.b.bind.seed: found "9.nothing"; allowed is an input of node "9" (KSampler)',
    ),
    `  in.json: backends.c.graph: found "missing.json", which cannot be read; ${from}`,
    expect.stringContaining('in.json: backends.d.graph: found "cut.json", a link from "8.negative"'),
    `  in.json: backends.e.graph: found "text.json", which is not JSON; ${from}`,
  ]);
});

test('a good graph is no mistake, and one that changes after the check is refused', async () => {
  expect(mistakes({ g: engine('good') })).toEqual([]);
  const config = (graph: string) =>
    ({ kind: 'comfyui', name: 'g', entry: engine(graph) }) as unknown as Extract<BackendConfig, { kind: 'comfyui' }>;
  expect(graphOf(config('good'))?.bind.first).toEqual(['6.image']);
  expect(() => graphOf(config('editor'))).toThrow(UnusableGraph);
});
