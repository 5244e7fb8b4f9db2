import { describe, expect, test } from 'vitest';
import { ConfigError } from './config-error.ts';
import { parseFile } from './parse-file.ts';
import { type ConfigSources, readConfig } from './read-config.ts';

const read = (sources: Partial<ConfigSources> = {}) => readConfig({ flags: {}, env: {}, ...sources });
const file = (content: unknown) => parseFile('in.json', JSON.stringify(content));

function mistakes(sources: Partial<ConfigSources>): readonly string[] {
  try {
    read(sources);
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

test('an empty environment is a laptop without a key', () => {
  expect(read()).toEqual({
    server: {
      host: '127.0.0.1',
      port: 8787,
      publicUrl: undefined,
      trustProxy: false,
      maxBodyInFlightBytes: 268_435_456,
      shutdownGraceMs: 20_000,
      metricsPort: undefined,
      dialects: ['openai', 'dashscope', 'openrouter'],
      corsOrigins: [],
      modelAliases: {},
      shutdownDelayMs: 0,
      queueLimit: 10_000,
      simulates: false,
    },
    access: { apiKey: undefined, webhookSecret: undefined, fetchAllow: '', moderation: undefined },
    data: { folder: './data', diskReserveBytes: 536_870_912 },
    render: {
      encoder: { kind: 'builtin' },
      concurrency: 1,
      threads: 'auto',
      labelNames: { producer: 'Inbetween', propagator: 'Inbetween' },
      c2pa: undefined,
    },
    usage: { currency: 'USD', perSecond: {}, cancelCharge: 'release' },
    generation: {
      backends: [],
      routes: { 'wan2.2-kf2v-flash': ['renderer'], 'wan2.1-kf2v-plus': ['renderer'] },
      promptWriter: undefined,
      negativePrompt: undefined,
    },
    life: {
      pendingDeadlineMs: 120_000,
      queuedDeadlineMs: 86_400_000,
      renderDeadlineMs: 600_000,
      stallMs: 900_000,
      stopLimitMs: 3_600_000,
      lateLimitMs: 86_400_000,
      lateTtlMs: 604_800_000,
      resultTtlMs: undefined,
      rowTtlMs: undefined,
      idempotencyTtlMs: 86_400_000,
      fileTtlMs: undefined,
    },
    log: { level: 'info', format: 'auto' },
    postgres: undefined,
    s3: undefined,
    crashAt: undefined,
    worker: { lanes: ['admit', 'generate', 'drain', 'deliver', 'sweep'], concurrency: undefined, termMs: 30_000 },
    warnings: [],
  });
});

describe('who wins', () => {
  const env = { PORT: '2', INBETWEEN_PORT: '3' };

  test('flag, long name, short name, file, default', () => {
    expect(read({ flags: { port: '4' }, env, file: file({ port: 1 }) }).server.port).toBe(4);
    expect(read({ env, file: file({ port: 1 }) }).server.port).toBe(3);
    expect(read({ env: { PORT: '2' }, file: file({ port: 1 }) }).server.port).toBe(2);
    expect(read({ file: file({ port: 1 }) }).server.port).toBe(1);
    expect(read({ file: file({}) }).server.port).toBe(8787);
  });

  test('an empty one does not count, space around a value neither', () => {
    expect(read({ flags: { port: '' }, env: { INBETWEEN_PORT: ' ', PORT: ' 9 ' } }).server.port).toBe(9);
  });

  test('names that could mean something else are read with their prefix only', () => {
    expect(read({ env: { DATA_DIR: '/x', API_KEY: 'x'.repeat(20), ENCODER: 'ffmpeg' } })).toEqual(read());
    expect(read({ env: { INBETWEEN_DATA_DIR: '/srv/x' } }).data.folder).toBe('/srv/x');
  });
});

test('every setting is read', () => {
  const config = read({
    env: {
      HOST: '::',
      PUBLIC_URL: 'https://video.example.com/',
      INBETWEEN_API_KEY: 'a-key-of-enough-length',
      INBETWEEN_FETCH_ALLOW: 'minio:9000,10.0.0.0/8',
      INBETWEEN_ENCODER: 'ffmpeg',
      FFMPEG_PATH: '/usr/bin/ffmpeg',
      RENDER_CONCURRENCY: '2',
      INBETWEEN_LABEL_PRODUCER: 'A',
      INBETWEEN_LABEL_PROPAGATOR: '乙',
      RENDER_THREADS: '4',
      LOG_LEVEL: 'debug',
      LOG_FORMAT: 'json',
      TRUST_PROXY: '1',
      SHUTDOWN_GRACE: '5s',
      METRICS_PORT: '9464',
      RESULT_TTL: '30d',
      ROW_TTL: '90d',
      PENDING_DEADLINE: '1m',
      QUEUED_DEADLINE: '2h',
      RENDER_DEADLINE: '3m',
      MAX_BODY_IN_FLIGHT: '1GiB',
      IDEMPOTENCY_TTL: '48h',
      DISK_RESERVE: '1GiB',
      QUEUE_LIMIT: '7',
      INBETWEEN_SIMULATE: 'on',
      STALL_DEADLINE: '20m',
      STOP_DEADLINE: '5m',
      LATE_DEADLINE: '2d',
      LATE_TTL: '14d',
    },
  });
  expect(config.server).toMatchObject({ host: '::', publicUrl: 'https://video.example.com', trustProxy: 1 });
  expect(config.server).toMatchObject({ shutdownGraceMs: 5000, metricsPort: 9464, maxBodyInFlightBytes: 2 ** 30 });
  expect(config.server).toMatchObject({ queueLimit: 7, simulates: true });
  expect(config.access).toEqual({ apiKey: 'a-key-of-enough-length', fetchAllow: 'minio:9000,10.0.0.0/8' });
  expect(config.render).toEqual({
    encoder: { kind: 'ffmpeg', path: '/usr/bin/ffmpeg' },
    concurrency: 2,
    threads: 4,
    labelNames: { producer: 'A', propagator: '乙' },
  });
  expect(config.life).toEqual({
    pendingDeadlineMs: 60_000,
    queuedDeadlineMs: 7_200_000,
    renderDeadlineMs: 180_000,
    stallMs: 1_200_000,
    stopLimitMs: 300_000,
    lateLimitMs: 172_800_000,
    lateTtlMs: 1_209_600_000,
    resultTtlMs: 2_592_000_000,
    rowTtlMs: 7_776_000_000,
    idempotencyTtlMs: 172_800_000,
  });
  expect(config.data.diskReserveBytes).toBe(2 ** 30);
  expect(config.log).toEqual({ level: 'debug', format: 'json' });
});

describe('mistakes', () => {
  test('are told all at once, by the name they were made under', () => {
    expect(
      mistakes({
        flags: { logLevel: 'loud' },
        env: { PORT: '80a', INBETWEEN_RENDER_THREADS: 'many', DISK_RESERVE: '1GB' },
        file: file({ resultTtl: 'soon', prot: 1, host: null }),
      }),
    ).toEqual([
      'in.json: prot: found an unknown key; allowed is perhaps port.',
      'in.json: host: found null; allowed is a text or a number.',
      'PORT: found "80a"; allowed is a whole number from 0 to 65535.',
      'DISK_RESERVE: found "1GB"; allowed is a size from 0B to 16TiB, such as 512KiB, 28MiB or 2GiB.',
      'INBETWEEN_RENDER_THREADS: found "many"; allowed is auto, or a whole number from 1 to 256.',
      'in.json: resultTtl: found "soon"; allowed is never, or a time from 1m to 36500d, such as 90s, 15m, 24h or 30d.',
      '--log-level: found "loud"; allowed is debug, info, warn, error, silent.',
    ]);
  });

  test.each(['', '[1]', '"text"', '{broken', 'null'])('a file that is no object: %j', (text) => {
    expect(mistakes({ file: parseFile('in.json', text) })).toEqual([
      'in.json: found something else; allowed is a file with one YAML or JSON object.',
    ]);
  });

  test('ffmpeg without its path', () => {
    expect(mistakes({ env: { INBETWEEN_ENCODER: 'ffmpeg' } })).toEqual([
      'FFMPEG_PATH: found nothing; allowed is the path of ffmpeg, because INBETWEEN_ENCODER is ffmpeg.',
    ]);
  });

  test('metrics on the main port', () => {
    expect(mistakes({ env: { METRICS_PORT: '8787' } })).toHaveLength(1);
    expect(mistakes({ env: { METRICS_PORT: '0', PORT: '0' } })).toEqual([]);
  });

  test('a video forgotten before its result', () => {
    expect(mistakes({ env: { ROW_TTL: '30d' } })).toEqual([
      'ROW_TTL: found "30d"; allowed is a time not shorter than RESULT_TTL, which is never.',
    ]);
    expect(mistakes({ env: { ROW_TTL: '30d', RESULT_TTL: '31d' } })).toHaveLength(1);
    expect(mistakes({ env: { ROW_TTL: '30d', RESULT_TTL: '30d' } })).toEqual([]);
    expect(mistakes({ env: { RESULT_TTL: '30d' } })).toEqual([]);
  });

  test('what only an adapter can tell is told with the rest', () => {
    const checks = {
      fetchAllow: (text: string) => {
        if (text.includes('*')) throw new Error('"*.x" has a wildcard');
      },
    };
    expect(mistakes({ env: { INBETWEEN_FETCH_ALLOW: '*.x', PORT: 'x' }, checks })).toEqual([
      'PORT: found "x"; allowed is a whole number from 0 to 65535.',
      'INBETWEEN_FETCH_ALLOW: found "*.x" ("*.x" has a wildcard); allowed is host[:port] and networks separated by commas.',
    ]);
    expect(read({ env: { INBETWEEN_FETCH_ALLOW: 'x' }, checks }).access.fetchAllow).toBe('x');
  });
});

describe('secrets', () => {
  test('are not shown when they are wrong', () => {
    expect(mistakes({ env: { INBETWEEN_API_KEY: 'hush' } })).toEqual([
      'INBETWEEN_API_KEY: found a text of 4 characters; allowed is 16 to 512 printable ASCII characters without spaces.',
    ]);
  });

  test('come from the environment only', () => {
    expect(read({ flags: { apiKey: 'x'.repeat(20) } }).access.apiKey).toBeUndefined();
    expect(mistakes({ file: file({ apiKey: 'x'.repeat(20) }) })).toEqual([
      'in.json: apiKey: found a secret; allowed is only the variable INBETWEEN_API_KEY.',
    ]);
  });
});

test('an unknown variable of ours is warned of, with what was probably meant', () => {
  const env = { INBETWEEN_DATADIR: '/x', INBETWEEN_QQQQQQ: '1', DATA_DUR: '2', INBETWEEN_HOST: '::1' };
  expect(read({ env }).warnings).toEqual([
    'INBETWEEN_DATADIR is not a setting; did you mean INBETWEEN_DATA_DIR?',
    'INBETWEEN_QQQQQQ is not a setting.',
  ]);
});

describe('the secret that signs callbacks', () => {
  const env = (INBETWEEN_WEBHOOK_SECRET: string) => ({ env: { INBETWEEN_WEBHOOK_SECRET } });

  test('is read when it is one', () => {
    const secret = `whsec_${Buffer.alloc(32, 1).toString('base64')}`;
    expect(read(env(secret)).access.webhookSecret).toBe(secret);
  });

  test.each(['', '  ', 'whsec_', 'whsec_AAAA', 'password', `whsec_${'A'.repeat(31)}`])(
    'is a mistake when it is "%s"',
    (text) => {
      expect(mistakes(env(text)).join()).toContain('INBETWEEN_WEBHOOK_SECRET');
      expect(mistakes(env(text)).join()).not.toContain('password');
    },
  );
});

test('a fleet: path style follows an endpoint, links follow their own', () => {
  const env = { DATABASE_URL: 'postgres://me:pw@db/x', DATABASE_POOL: '20', S3_BUCKET: 'videos', S3_PREFIX: 'a/b/' };
  expect(read({ env })).toMatchObject({
    postgres: { url: 'postgres://me:pw@db/x', connections: 20 },
    s3: { bucket: 'videos', prefix: 'a/b/', pathStyle: false, endpoint: undefined, links: undefined },
  });
  const own = { ...env, S3_ENDPOINT: 'http://minio:9000', S3_LINKS: 'on', INBETWEEN_LANES: 'sweep, admit' };
  expect(read({ env: own })).toMatchObject({
    s3: { pathStyle: true, links: { endpoint: 'http://minio:9000' } },
    worker: { lanes: ['admit', 'sweep'] },
  });
  expect(
    read({ env: { ...own, S3_PUBLIC_ENDPOINT: 'https://files.example.com', S3_PATH_STYLE: 'off' } }),
  ).toMatchObject({
    s3: { pathStyle: false, links: { endpoint: 'https://files.example.com' } },
  });
});

test('a process kills itself only where tests are allowed to', () => {
  const env = { INBETWEEN_CRASH_AT: 'after swap running' };
  expect(mistakes({ env })).toEqual([expect.stringMatching(/INBETWEEN_CRASH_AT.*unless INBETWEEN_SIMULATE is on/)]);
  expect(read({ env: { ...env, INBETWEEN_SIMULATE: 'on' } }).crashAt).toBe('after swap running');
});

describe('origins of pages', () => {
  test.each([
    ['none', []],
    ['https://app.example.com', ['https://app.example.com']],
    ['https://App.Example.com/, http://localhost:5173', ['https://app.example.com', 'http://localhost:5173']],
    ['https://app.example.com:443,https://app.example.com', ['https://app.example.com']],
    ['http://[::1]:3000', ['http://[::1]:3000']],
  ])('%s', (text, origins) => {
    expect(read({ env: { CORS_ORIGINS: text } }).server.corsOrigins).toEqual(origins);
  });

  test.each([
    '*',
    'null',
    'https://*.example.com',
    'app.example.com',
    'https://app.example.com/path',
    'https://user@app.example.com',
    'ftp://app.example.com',
    'https://a.example.com,',
    'https://a.example.com b',
  ])('are spelled out, not %s', (text) => {
    expect(mistakes({ env: { CORS_ORIGINS: text } })).toHaveLength(1);
  });
});

describe('prices', () => {
  const flash = 'wan2.2-kf2v-flash';
  const plus = 'wan2.1-kf2v-plus';

  test('are read from the environment, for all sizes of a model or one, to the last of six decimals', () => {
    const { usage } = read({
      env: { INBETWEEN_PRICES: `${flash}=0.02, ${flash}:1080p=0.000001,${plus}=3`, CURRENCY: 'CNY' },
    });
    expect(usage).toEqual({
      currency: 'CNY',
      perSecond: { [flash]: { '480P': 20_000, '720P': 20_000, '1080P': 1 }, [plus]: { '720P': 3_000_000 } },
      cancelCharge: 'release',
    });
  });

  test('are read from the file, where the environment wins over it, size by size', () => {
    const prices = { [flash]: { '480P': 0.01, '720P': '0.02' }, [plus]: 0.1 };
    const { usage } = read({ file: file({ prices }), env: { INBETWEEN_PRICES: `${flash}:720P=0.5` } });
    expect(usage.perSecond).toEqual({ [flash]: { '480P': 10_000, '720P': 500_000 }, [plus]: { '720P': 100_000 } });
  });

  test('that cannot be used are mistakes that name what is allowed', () => {
    for (const text of ['sora=1', `${flash}`, `${flash}=-1`, `${flash}=0.0000001`, `${plus}:480P=1`, `${flash}=1e3`]) {
      const [mistake = ''] = mistakes({ env: { INBETWEEN_PRICES: text } });
      expect(mistake, text).toContain('INBETWEEN_PRICES');
    }
    expect(mistakes({ file: file({ prices: { [flash]: { '720P': -1 } } }) })[0]).toContain(`prices.${flash}`);
    expect(mistakes({ file: file({ prices: { sora: 1 } }) })).toHaveLength(1);
    expect(mistakes({ env: { CURRENCY: 'dollars' } })).toHaveLength(1);
  });

  test('of a peer in another currency are warned of', () => {
    const backends = {
      gpu: { kind: 'lightx2v', url: 'http://gpu:8000', price: { currency: 'CNY', perSecond: { '720P': 1 } } },
    };
    const models = { [flash]: ['gpu'] };
    expect(read({ file: file({ backends, models }) }).warnings).toEqual([expect.stringContaining('gpu')]);
    expect(read({ file: file({ backends, models, currency: 'CNY' }) }).warnings).toEqual([]);
  });
});
