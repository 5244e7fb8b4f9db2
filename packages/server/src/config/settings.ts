import { baseUrl, choice, duration, either, integer, matching, proxies, size, word } from './parser.ts';
import { optional, type Setting, setting } from './setting.ts';
import { BACKEND_SETTINGS } from './settings/backends.ts';
import { CLIENT_SETTINGS } from './settings/clients.ts';
import { CORS_SETTINGS } from './settings/cors.ts';
import { LABEL_SETTINGS } from './settings/labels.ts';
import { MODERATION_SETTINGS } from './settings/moderation.ts';
import { QUEUE_SETTINGS } from './settings/queue.ts';
import { SCALING_SETTINGS } from './settings/scaling.ts';
import { USAGE_SETTINGS } from './settings/usage.ts';
import { WEBHOOK_SETTINGS } from './settings/webhooks.ts';

/** The one table of everything that can be set. `docs/configuration.md` is made from it. */
export const SETTINGS = {
  config: optional({
    group: 'Server',
    parser: matching(/\S/, 'the path of a YAML or JSON file'),
    unset: '`inbetween.yaml`, `inbetween.yml` or `inbetween.json` in the working folder, where there is one',
    description:
      'A YAML or JSON file with settings, by their flag names in camel case (`dataDir: /srv/inbetween`), and with the backends (docs/backends.md). Flags and the environment win over it. Secrets are not read from it.',
    example: '/etc/inbetween.yaml',
    short: false,
  }),
  host: setting({
    group: 'Server',
    parser: matching(/^[A-Za-z0-9._:-]+$/, 'a host name or an address, without brackets and port'),
    fallback: '127.0.0.1',
    description: 'The address to listen on. `0.0.0.0` or `::` lets other machines in.',
    example: '0.0.0.0',
  }),
  port: setting({
    group: 'Server',
    parser: integer(0, 65535),
    fallback: '8787',
    description: 'The port to listen on. `0` takes any free one and prints it.',
    example: '80',
  }),
  publicUrl: optional({
    group: 'Server',
    parser: baseUrl,
    unset: 'the address the server listens on',
    description:
      'Where callers reach this server; the `url` of a finished video begins with it. Never taken from a request. A path is allowed when a proxy takes it off.',
    example: 'https://video.example.com',
  }),
  trustProxy: setting({
    group: 'Server',
    parser: either(word('none', false as const), either(integer(1, 16), proxies)),
    fallback: 'none',
    description:
      'Whose `X-Forwarded-…` headers are believed: nobody’s, those of that many proxies in front, or those of proxies at these addresses.',
    example: '10.0.0.0/8',
  }),
  maxBodyInFlight: setting({
    group: 'Server',
    parser: size('28MiB', '64GiB'),
    fallback: '256MiB',
    description: 'Request bodies being received at one time, in all. Above it new ones get 503 with `Retry-After`.',
    example: '1GiB',
  }),
  shutdownGrace: setting({
    group: 'Server',
    parser: duration('0s', '1h'),
    fallback: '20s',
    description:
      'How long requests and renders under way may go on after SIGTERM. What is cut off resumes at the next start.',
    example: '60s',
  }),
  apiKey: optional({
    group: 'Access',
    parser: matching(/^[\u0021-\u007e]{16,512}$/, '16 to 512 printable ASCII characters without spaces'),
    unset: 'a first key is made at the first start',
    description: 'A key that is always valid, with all scopes, for the owner `default`.',
    example: '(32 random characters)',
    short: false,
    secret: true,
  }),
  ...WEBHOOK_SETTINGS,
  ...LABEL_SETTINGS,
  ...MODERATION_SETTINGS,
  ...CORS_SETTINGS,
  ...USAGE_SETTINGS,
  fetchAllow: setting({
    group: 'Access',
    parser: matching(/^/, 'host[:port] and networks separated by commas'),
    fallback: '',
    description:
      'Hosts that frames may be fetched from although they are not public: `host`, `host:port`, addresses and networks, separated by commas. A name is exempt wherever it resolves to; a network opens public-looking names that resolve into it. Names such as `minio` or `nas.local` must be listed by name.',
    example: 'minio:9000,10.20.0.0/16',
    short: false,
  }),
  dataDir: setting({
    group: 'Data',
    parser: matching(/\S/, 'the path of a folder'),
    fallback: './data',
    description: 'The folder that holds database and videos. Made for this user only; one server holds it at a time.',
    example: '/var/lib/inbetween',
    short: false,
  }),
  diskReserve: setting({
    group: 'Data',
    parser: size('0B', '16TiB'),
    fallback: '512MiB',
    description: 'Free space to leave on the disk. With less, new videos get 507.',
    example: '10GiB',
  }),
  ...BACKEND_SETTINGS,
  encoder: setting({
    group: 'Rendering',
    parser: choice('builtin', 'ffmpeg'),
    fallback: 'builtin',
    description:
      'Who encodes H.264: the built-in OpenH264, or the program at `FFMPEG_PATH`, which makes smaller files.',
    example: 'ffmpeg',
    short: false,
  }),
  ffmpegPath: optional({
    group: 'Rendering',
    parser: matching(/\S/, 'the path of a program'),
    unset: 'ffmpeg is never looked for',
    description: 'The ffmpeg program; needed with `INBETWEEN_ENCODER=ffmpeg`.',
    example: '/usr/bin/ffmpeg',
  }),
  renderConcurrency: setting({
    group: 'Rendering',
    parser: integer(1, 64),
    fallback: '1',
    description: 'Videos rendered at the same time. More than one pays only with many cores.',
    example: '2',
  }),
  renderThreads: setting({
    group: 'Rendering',
    parser: either(word('auto', 'auto' as const), integer(1, 256)),
    fallback: 'auto',
    description: 'Threads of one render; `auto` is one for each core.',
    example: '4',
  }),
  pendingDeadline: setting({
    group: 'Life of a video',
    parser: duration('1s', '1d'),
    fallback: '120s',
    description: 'How long fetching and preparing the frames may take before the video fails with `timeout`.',
    example: '5m',
  }),
  queuedDeadline: setting({
    group: 'Life of a video',
    parser: duration('1s', '365d'),
    fallback: '24h',
    description: 'How long a video may wait for its first attempt.',
    example: '2h',
  }),
  renderDeadline: setting({
    group: 'Life of a video',
    parser: duration('1s', '1d'),
    fallback: '10m',
    description: 'How long one attempt of the built-in renderer may take.',
    example: '30m',
  }),
  resultTtl: setting({
    group: 'Life of a video',
    parser: either(word('never', undefined), duration('1m', '36500d')),
    fallback: 'never',
    description: 'When results and frames are removed after the video has finished; content then answers 410.',
    example: '30d',
  }),
  rowTtl: setting({
    group: 'Life of a video',
    parser: either(word('never', undefined), duration('1m', '36500d')),
    fallback: 'never',
    description: 'When a finished video is forgotten altogether. Not before its results.',
    example: '90d',
  }),
  idempotencyTtl: setting({
    group: 'Life of a video',
    parser: duration('1m', '365d'),
    fallback: '24h',
    description: 'How long an `Idempotency-Key` is kept at least; it is kept as long as its video.',
    example: '48h',
  }),
  ...CLIENT_SETTINGS,
  ...SCALING_SETTINGS,
  ...QUEUE_SETTINGS,
  logLevel: setting({
    group: 'Logs and metrics',
    parser: choice('debug', 'info', 'warn', 'error', 'silent'),
    fallback: 'info',
    description: 'The least important lines to write.',
    example: 'debug',
  }),
  logFormat: setting({
    group: 'Logs and metrics',
    parser: choice('auto', 'json', 'pretty'),
    fallback: 'auto',
    description: '`auto` writes short lines to a terminal and JSON to everything else.',
    example: 'json',
  }),
  metricsPort: optional({
    group: 'Logs and metrics',
    parser: integer(0, 65535),
    unset: '`/metrics` is on the main port and needs a key with scope `admin`',
    description:
      'A port of its own for `/metrics`, without a key. Keep it inside your network. `0` takes any free one.',
    example: '9464',
  }),
} as const satisfies Record<string, Setting<unknown>>;

export type SettingKey = keyof typeof SETTINGS;

/** All values, by key. */
export type Values = {
  readonly [Key in SettingKey]: (typeof SETTINGS)[Key] extends Setting<infer T> ? T : never;
};

export const SETTING_KEYS = Object.keys(SETTINGS) as readonly SettingKey[];
