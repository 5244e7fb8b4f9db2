import { FakeComfyui } from './comfyui/server.ts';
import type { FakeServer } from './fake-server.ts';
import { FakeLightX2v } from './lightx2v/server.ts';
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

/** The fakes that can be run by hand. */
export const FAKES: Readonly<Record<string, NamedFake>> = {
  comfyui: {
    port: 8188,
    use: (url) => `COMFYUI_URL=${url} npm start`,
    make: ({ paceMs = 250, version }) =>
      new FakeComfyui({ stepMs: paceMs, custom: true, ...(version === undefined ? {} : { version }) }),
  },
  sdcpp: {
    port: 1234,
    use: (url) => `a backend of kind sdcpp with url: ${url}`,
    make: ({ paceMs = 8_000 }) => new FakeSdServer({ generateMs: paceMs }),
  },
  lightx2v: {
    port: 8000,
    use: (url) => `a backend of kind lightx2v with url: ${url}`,
    make: ({ paceMs = 8_000 }) => new FakeLightX2v({ generateMs: paceMs }),
  },
};
