import { FakeChat } from './chat/server.ts';
import { FakeComfyui } from './comfyui/server.ts';
import { FakeDashscope } from './dashscope/server.ts';
import type { FakeServer } from './fake-server.ts';
import { FakeLightX2v } from './lightx2v/server.ts';
import { FakeGateway } from './openai-videos/server.ts';
import { FakeSdServer } from './sdcpp/server.ts';

/** What `npm run fake` may set. */
export interface FakeWish {
  /** How long a piece of the work takes: a sampler step where there are steps, else the whole video. */
  readonly paceMs?: number;
  readonly version?: string;
}

export interface NamedFake {
  /** The port of the real thing. */
  readonly port: number;
  /** The settings with which Inbetween uses it. */
  readonly use: (url: string) => string;
  make(wish: FakeWish): { readonly http: FakeServer };
}

/** A file that has a model made there, and the start beside it. */
const inFile = (name: string, entry: string, env = '') =>
  `  echo "{backends: {${name}: {${entry}}}, models: {wan2.2-kf2v-flash: [${name}]}}" > inbetween.yaml\n  ${env}npm start`;

/** The fakes that can be run by hand. */
export const FAKES: Readonly<Record<string, NamedFake>> = {
  comfyui: {
    port: 8188,
    use: (url) => `  COMFYUI_URL=${url} npm start`,
    make: ({ paceMs = 250, version }) =>
      new FakeComfyui({ stepMs: paceMs, custom: true, ...(version === undefined ? {} : { version }) }),
  },
  sdcpp: {
    port: 1234,
    use: (url) => inFile('sd', `kind: sdcpp, url: '${url}'`),
    make: ({ paceMs = 8_000 }) => new FakeSdServer({ generateMs: paceMs }),
  },
  dashscope: {
    // The real one has no port of its own.
    port: 8700,
    use: (url) => `  DASHSCOPE_API_KEY=sk-fake DASHSCOPE_BASE_URL=${url} npm start`,
    make: ({ paceMs = 8_000 }) => new FakeDashscope({ queueMs: paceMs / 4, runMs: paceMs, side: 1280, frames: 150 }),
  },
  'openai-videos': {
    port: 8701,
    use: (url) =>
      inFile(
        'gateway',
        `kind: openai-videos, dialect: powertokens, url: '${url}', credential: GATEWAY_KEY`,
        'GATEWAY_KEY=sk-gateway ',
      ),
    make: ({ paceMs = 8_000 }) => new FakeGateway({ runMs: paceMs, width: 1280, height: 720, frames: 81 }),
  },
  chat: {
    port: 8702,
    use: (url) =>
      `  in inbetween.yaml, beside a backend that does not rewrite prompts:\n  promptWriter: {url: '${url}/v1', model: any}`,
    make: () => new FakeChat(),
  },
  lightx2v: {
    port: 8000,
    use: (url) => inFile('fast', `kind: lightx2v, url: '${url}'`),
    make: ({ paceMs = 8_000 }) => new FakeLightX2v({ generateMs: paceMs }),
  },
};
