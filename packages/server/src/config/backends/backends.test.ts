import { describe, expect, test } from 'vitest';
import { ConfigError } from '../config-error.ts';
import { parseFile } from '../parse-file.ts';
import { readConfig } from '../read-config.ts';

const FILE = 'in.yaml';
const read = (text = '', env: Record<string, string> = {}) =>
  readConfig({ flags: {}, env, file: text === '' ? undefined : parseFile(FILE, text) }).generation;

function mistakes(text: string, env: Record<string, string> = {}): readonly string[] {
  try {
    read(text, env);
  } catch (error) {
    if (error instanceof ConfigError)
      return error.message
        .split('\n')
        .slice(1)
        .map((line) => line.trim());
    throw error;
  }
  return [];
}

const FLASH = 'wan2.2-kf2v-flash';
const PLUS = 'wan2.1-kf2v-plus';

describe('one variable alone routes the Wan models', () => {
  test('a DashScope key', () => {
    const { backends, routes } = read('', { DASHSCOPE_API_KEY: 'sk-1' });
    expect(routes).toEqual({ [FLASH]: ['dashscope'], [PLUS]: ['dashscope'] });
    expect(backends).toMatchObject([
      {
        name: 'dashscope',
        kind: 'dashscope',
        instances: [
          {
            name: 'dashscope.aliyuncs.com DASHSCOPE_API_KEY',
            url: 'https://dashscope.aliyuncs.com',
            credential: { variable: 'DASHSCOPE_API_KEY', secret: 'sk-1' },
          },
        ],
      },
    ]);
  });

  test('the same under its long name, in another region', () => {
    const env = { INBETWEEN_DASHSCOPE_API_KEY: 'sk-2', DASHSCOPE_BASE_URL: 'https://dashscope-intl.aliyuncs.com/' };
    expect(read('', env).backends[0]?.instances).toMatchObject([
      { url: 'https://dashscope-intl.aliyuncs.com', credential: { secret: 'sk-2' } },
    ]);
  });

  test('one ComfyUI, or a pool of them', () => {
    const { backends, routes } = read('', { COMFYUI_URL: 'http://gpu1:8188, http://gpu2:8188/' });
    expect(routes[FLASH]).toEqual(['comfyui']);
    expect(backends[0]?.instances.map(({ name, url }) => [name, url])).toEqual([
      ['gpu1:8188', 'http://gpu1:8188'],
      ['gpu2:8188', 'http://gpu2:8188'],
    ]);
  });

  test('both: the paid one first', () => {
    expect(read('', { COMFYUI_URL: 'http://gpu1:8188', DASHSCOPE_API_KEY: 'sk-1' }).routes[PLUS]).toEqual([
      'dashscope',
      'comfyui',
    ]);
  });

  test.each([
    `cloud: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: 'https://proxy.example'}`,
    `pool: {kind: dashscope, instances: [{url: 'https://proxy.example', credential: DASHSCOPE_API_KEY}]}`,
    `gate: {kind: openai-videos, dialect: inbetween, credential: DASHSCOPE_API_KEY, url: 'https://proxy.example'}`,
  ])('not a key that a backend of the file takes: it goes nowhere else (%s)', (line) => {
    const name = line.split(':')[0];
    const { backends, routes } = read(`backends:\n  ${line}\nmodels: {${PLUS}: [${name}]}`, {
      DASHSCOPE_API_KEY: 'sk',
    });
    expect(backends.map(({ instances }) => instances.map(({ url }) => url))).toEqual([['https://proxy.example']]);
    expect(routes).toEqual({ [PLUS]: [name], [FLASH]: ['renderer'] });
  });

  test('nothing: the built-in renderer', () => {
    expect(read()).toMatchObject({ backends: [], routes: { [FLASH]: ['renderer'], [PLUS]: ['renderer'] } });
  });
});

const WHOLE = `
port: 9000
backends:
  cloud:
    kind: dashscope
    region: intl
    credential: CLOUD_KEY
    models: {${FLASH}: wan2.7-i2v}
    requestsPerSecond: 1
    deadline: 3h
    price: {currency: USD, perSecond: {720P: 0.1}}
  gate:
    kind: openai-videos
    dialect: custom
    url: https://gateway.example/v9/
    headers: {X-Team: video, X-Secret: {env: TEAM_SECRET}}
    fields: {first: start, last: end.image}
    state: draining
  gpu:
    kind: comfyui
    instances:
      - {url: 'http://a:8188', concurrency: 2, credential: GPU_PASSWORD, user: me}
      - {url: 'http://b:8188', name: second, state: draining}
models:
  ${FLASH}: [cloud, gpu, renderer]
promptWriter: {url: 'http://127.0.0.1:11434/v1', model: qwen3-vl, timeout: 10s}
negativePrompt: ''
`;
const SECRETS = { CLOUD_KEY: 'sk-3', TEAM_SECRET: 'hush', GPU_PASSWORD: 'word' };

test('a file says it all', () => {
  const { backends, routes, promptWriter, negativePrompt } = read(WHOLE, SECRETS);
  expect(routes).toEqual({ [FLASH]: ['cloud', 'gpu', 'renderer'], [PLUS]: ['renderer'] });
  const [cloud, gate, gpu] = backends;
  expect(cloud).toMatchObject({
    entry: { deadline: 10_800_000, models: { [FLASH]: 'wan2.7-i2v' }, price: { currency: 'USD' } },
    instances: [{ url: 'https://dashscope-intl.aliyuncs.com', credential: { secret: 'sk-3' } }],
  });
  expect(gate).toMatchObject({
    draining: true,
    instances: [
      { url: 'https://gateway.example/v9', headers: { 'x-team': 'video', 'x-secret': 'hush' }, draining: true },
    ],
  });
  expect(gpu?.instances).toMatchObject([
    { name: 'a:8188 GPU_PASSWORD', slots: 2, credential: { user: 'me', secret: 'word' }, draining: false },
    { name: 'second', draining: true },
  ]);
  expect(promptWriter).toMatchObject({ model: 'qwen3-vl', timeoutMs: 10_000 });
  expect(negativePrompt).toBe('');
});

test('the environment wins over the file', () => {
  const text = `
backends:
  comfyui: {kind: comfyui, url: 'http://old:8188', concurrency: 3}
  dashscope: {kind: dashscope, credential: DASHSCOPE_API_KEY, url: 'https://old.example'}
models: {${PLUS}: [comfyui]}
`;
  const env = { COMFYUI_URL: 'http://new:8188', DASHSCOPE_API_KEY: 'k', DASHSCOPE_BASE_URL: 'https://new.example' };
  const { backends, routes } = read(text, env);
  expect(backends.map(({ instances }) => instances.map(({ url }) => url))).toEqual([
    ['http://new:8188'],
    ['https://new.example'],
  ]);
  expect(backends[0]?.entry.concurrency).toBe(3);
  expect(routes).toEqual({ [PLUS]: ['comfyui'], [FLASH]: ['dashscope', 'comfyui'] });
});

test('all mistakes are told at once, each with its field', () => {
  const text = `
port: 99999
backend: {}
backends:
  renderer: {kind: comfyui, url: 'http://a'}
  Big: {kind: comfyui, url: 'http://a'}
  a: {kind: midjourney}
  b: {kind: dashscope, credential: sk-0123456789abcdef, concurency: 2}
  c: {kind: openai-videos, dialect: custom, url: 'ftp://x'}
  d: {kind: dashscope, region: eu, deadline: soon, requestsPerSecond: 0}
`;
  expect(mistakes(text)).toEqual([
    'in.yaml: backend: found an unknown key; allowed is perhaps backends.',
    expect.stringMatching(/^in\.yaml: backends\.renderer: found a name that cannot be used; allowed is another name/),
    expect.stringMatching(
      /^in\.yaml: backends\.Big: found a name that cannot be used; allowed is a name of lower-case/,
    ),
    'in.yaml: backends.a.kind: found "midjourney"; allowed is one of dashscope, comfyui, sdcpp, lightx2v, openai-videos.',
    'in.yaml: backends.b.credential: found a text of 19 characters; allowed is the name of an environment variable, such as DASHSCOPE_API_KEY.',
    'in.yaml: backends.b.concurency: found an unknown field; allowed is perhaps concurrency.',
    expect.stringMatching(/^in\.yaml: backends\.c\.url: found "ftp:\/\/x"; allowed is an absolute http/),
    'in.yaml: backends.d.requestsPerSecond: found 0; allowed is more than 0.',
    expect.stringMatching(/^in\.yaml: backends\.d\.deadline: found "soon"; allowed is a time from 1m to 7d/),
    'in.yaml: backends.d.region: found "eu"; allowed is cn or intl.',
    'in.yaml: port: found "99999"; allowed is a whole number from 0 to 65535.',
    expect.stringContaining('backends.c.fields: found nothing; allowed is the fields of both frames'),
    'in.yaml: backends.d.credential: found nothing; allowed is the variable that holds the API key.',
  ]);
});

test('so are those that only the whole can tell', () => {
  const text = `
backends:
  a: {kind: openai-videos, dialect: custom, url: 'http://x'}
  b: {kind: dashscope, credential: NOT_THERE}
  c: {kind: comfyui}
  d: {kind: comfyui, url: 'http://x', instances: [{url: 'http://x'}]}
  e: {kind: dashscope}
  f: {kind: comfyui, instances: [{url: 'http://x'}, {url: 'http://x'}], headers: {X-A: {env: NOPE}}}
models: {${FLASH}: [a, z]}
`;
  expect(mistakes(text)).toEqual([
    expect.stringContaining('backends.a.fields: found nothing; allowed is the fields of both frames'),
    'in.yaml: backends.b.credential: found NOT_THERE, which is not set; allowed is a variable that is set.',
    expect.stringContaining('backends.c.url: found nothing; allowed is an http(s) address'),
    'in.yaml: backends.d.url: found both url and instances; allowed is one of them.',
    'in.yaml: backends.e.credential: found nothing; allowed is the variable that holds the API key.',
    'in.yaml: backends.f.instances[0].headers.X-A: found NOPE, which is not set; allowed is a variable that is set.',
    'in.yaml: backends.f.instances[1].headers.X-A: found NOPE, which is not set; allowed is a variable that is set.',
    'in.yaml: backends.f.instances: found two instances named "x"; allowed is different names.',
    `in.yaml: models.${FLASH}[1]: found "z"; allowed is one of a, b, c, d, e, f, renderer.`,
  ]);
});

test('a secret is never shown, wherever somebody put it', () => {
  const secret = 'sk-very-secret-0123456789';
  const text = `
backends:
  a: {kind: dashscope, credential: '${secret}'}
  b: {kind: comfyui, url: 'http://x', headers: {Authorization: {env: '${secret}'}}}
promptWriter: {url: 'http://x', model: m, credential: '${secret}'}
`;
  const told = mistakes(text);
  expect(told).toHaveLength(3);
  expect(told.join('\n')).not.toContain(secret);
});

test('what is wrong by itself hides nothing that only the whole can tell', () => {
  const text = `
backends:
  a: {kind: midjourney}
  b: {kind: dashscope, credential: NOT_THERE, deadline: soon}
  c: {kind: dashscope, credential: 'not a name'}
  d: {kind: comfyui, instances: [{url: 'ftp://x'}], headers: {X-A: {env: NOPE}}}
  e: {kind: comfyui, url: 'ftp://x', preset: wan21-flf2v, graph: mine.json}
  f: {kind: comfyui, url: 'http://x', graph: '', bind: {first: 1.image}}
  g: {kind: comfyui, url: 'http://x', bind: {first: 1.image}}
models: {${FLASH}: [a, b, z], wan9: [a]}
promptWriter: {url: 'http://x', model: m, credential: ALSO_NOT_THERE}
negativePrompt: 7
`;
  const told = mistakes(text);
  expect(told).toEqual([
    expect.stringMatching(/^in\.yaml: backends\.a\.kind: /),
    expect.stringMatching(/^in\.yaml: backends\.b\.deadline: found "soon"/),
    expect.stringMatching(/^in\.yaml: backends\.c\.credential: found a text of 10 characters/),
    expect.stringMatching(/^in\.yaml: backends\.d\.instances\[0\]\.url: found "ftp:/),
    expect.stringMatching(/^in\.yaml: backends\.e\.url: found "ftp:/),
    'in.yaml: backends.f.graph: found ""; allowed is a text that is not empty.',
    expect.stringMatching(/^in\.yaml: models\.wan9: /),
    'in.yaml: negativePrompt: found 7; allowed is a text.',
    'in.yaml: backends.b.credential: found NOT_THERE, which is not set; allowed is a variable that is set.',
    'in.yaml: backends.e.graph: found both preset and graph; allowed is one of them.',
    'in.yaml: backends.g.bind: found places in a graph; allowed is nothing without graph, because presets know their own places.',
    `in.yaml: models.${FLASH}[2]: found "z"; allowed is one of b, c, d, e, f, g, a, renderer.`,
    'in.yaml: promptWriter.credential: found ALSO_NOT_THERE, which is not set; allowed is a variable that is set.',
  ]);
});

test('a backend that no model lists is told, unless it drains', () => {
  const text = `
backends:
  a: {kind: comfyui, url: 'http://a'}
  b: {kind: comfyui, url: 'http://b', state: draining}
  c: {kind: comfyui, url: 'http://c'}
models: {${FLASH}: [c]}
`;
  const { warnings } = readConfig({ flags: {}, env: {}, file: parseFile(FILE, text) });
  expect(warnings).toEqual(['The backend a makes nothing: no model under `models` lists it.']);
});
