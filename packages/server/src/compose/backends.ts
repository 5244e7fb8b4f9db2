import { createComfyuiApi } from '../adapters/backends/comfyui/api.ts';
import { PRESETS, presetsFor } from '../adapters/backends/comfyui/presets.ts';
import { createDashscopeApi } from '../adapters/backends/dashscope/api.ts';
import { regionOf } from '../adapters/backends/dashscope/models.ts';
import { createLightx2vApi } from '../adapters/backends/lightx2v/api.ts';
import { createGatewayApi } from '../adapters/backends/openai-videos/api.ts';
import { DIALECTS } from '../adapters/backends/openai-videos/dialects.ts';
import { createStoreGate } from '../adapters/backends/remote/gate.ts';
import { opaque, type RemoteInstance } from '../adapters/backends/remote/instances.ts';
import type { PeerAddress } from '../adapters/backends/remote/peer-http.ts';
import type { RemoteApi, RemoteTraits } from '../adapters/backends/remote/remote-api.ts';
import { createRemoteBackend, type RemoteBackend } from '../adapters/backends/remote/remote-backend.ts';
import type { Rhythm } from '../adapters/backends/remote/rhythm.ts';
import { createSdcppApi } from '../adapters/backends/sdcpp/api.ts';
import { createChatWriter } from '../adapters/prompts/chat-writer.ts';
import { DEFAULT_NEGATIVE_PROMPT } from '../adapters/prompts/instruction.ts';
import type {
  BackendConfig,
  BackendKind,
  GenerationConfig,
  InstanceConfig,
} from '../config/backends/backend-config.ts';
import type { Json } from '../domain/attempt.ts';
import type { LabelNames } from '../domain/label.ts';
import { SIZE_TIERS } from '../domain/model.ts';
import type { Clock } from '../ports/clock.ts';
import type { Downloader, Fetcher } from '../ports/fetcher.ts';
import type { FrameRescaler } from '../ports/frames.ts';
import type { Log } from '../ports/log.ts';
import type { ResultFinisher } from '../ports/media.ts';
import type { Meter } from '../ports/meter.ts';
import type { PromptWriter } from '../ports/prompt-writer.ts';
import type { Rate } from '../ports/rate.ts';
import { given } from './given.ts';
import { graphOf } from './graph-file.ts';
import { KIND_DEFAULTS, type KindDefaults } from './kind-defaults.ts';

export interface RemoteWorld {
  readonly tmpFolder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: Meter;
  readonly fetcher: Fetcher & Downloader;
  readonly finisher: ResultFinisher;
  readonly rescaler: FrameRescaler;
  readonly rate: Rate;
  /** Slots of a backend that are taken over the whole fleet. */
  takenOf(backend: string): number;
  /** Whom the content label in every result names. */
  readonly labelNames?: LabelNames | undefined;
}

/** The only switch on kinds of remote backends. */
const APIS: {
  readonly [Kind in BackendKind]: (
    config: Extract<BackendConfig, { readonly kind: Kind }>,
    address: PeerAddress,
    routed: readonly string[],
    world: RemoteWorld,
  ) => RemoteApi<Json>;
} = {
  dashscope: ({ entry }, address, routed, { fetcher }) =>
    opaque(
      createDashscopeApi({
        address,
        region: entry.region ?? regionOf(address.url),
        routed,
        models: known(entry.models),
        upload: entry.upload ?? 'inline',
        workspace: entry.workspace,
        fetcher,
      }),
    ),
  comfyui: (config, address, routed, { clock }) => {
    const { entry } = config;
    const own = graphOf(config);
    const preset = entry.preset === undefined ? undefined : PRESETS[entry.preset];
    const listed = (model: string) => (own !== undefined ? [own] : preset !== undefined ? [preset] : presetsFor(model));
    // Who says that a size can be made says it of the graph.
    const workflowsFor = (model: string) =>
      listed(model).map((workflow) => ({ ...workflow, ...given({ sizes: entry.sizes }) }));
    return opaque(createComfyuiApi({ address, workflowsFor, models: routed, clock }));
  },
  sdcpp: ({ entry }, address) =>
    opaque(createSdcppApi({ address, ...given({ sizes: entry.sizes, fps: entry.fps, request: entry.request }) })),
  lightx2v: ({ entry }, address) =>
    opaque(createLightx2vApi({ address, ...given({ sizes: entry.sizes, steps: entry.steps, shared: entry.shared }) })),
  'openai-videos': ({ entry, name }, address, _routed, { fetcher }) => {
    const dialect = DIALECTS[entry.dialect];
    const fields = dialect.fields === undefined ? entry.fields : { ...dialect.fields, ...entry.fields };
    if (fields === undefined) throw new Error(`${name} was configured without fields`);
    return opaque(
      createGatewayApi({
        address,
        fields,
        size: dialect.size,
        frames: entry.frames ?? 'data-url',
        idempotencyKey: entry.idempotencyKey ?? dialect.idempotencyKey,
        cancels: dialect.cancels,
        billed: entry.billed ?? true,
        sizes: entry.sizes ?? SIZE_TIERS,
        sides: entry.sides,
        models: known(entry.models),
        fetcher,
      }),
    );
  },
};

/** Makes every configured backend. Nothing is connected yet. */
export function openBackends(generation: GenerationConfig, world: RemoteWorld): readonly RemoteBackend[] {
  const writer = generation.promptWriter && writerOf(generation, world);
  return generation.backends.map((config) => {
    const defaults: KindDefaults = KIND_DEFAULTS[config.kind];
    const { entry } = config;
    const listing = Object.entries(generation.routes).filter(([, names]) => names.includes(config.name));
    // One that no model lists yet tells what it could make of any.
    const routed = (listing.length > 0 ? listing : Object.entries(generation.routes)).map(([model]) => model);
    const perSecond = entry.requestsPerSecond ?? defaults.perSecond;
    return createRemoteBackend({
      name: config.name,
      instances: config.instances.map((instance) => instanceOf(config, instance, defaults, routed, world)),
      ...(entry.concurrency === undefined ? {} : { slots: entry.concurrency }),
      rhythm: { ...defaults.rhythm, ...rhythmOf(config) },
      pollsPerSecond: entry.pollsPerSecond ?? defaults.pollsPerSecond,
      openInFleet: () => world.takenOf(config.name),
      gate: createStoreGate(world.rate, world.clock, config.name, perSecond),
      promptWriter: entry.promptExtend === 'off' ? undefined : writer,
      defaultNegativePrompt: generation.negativePrompt ?? DEFAULT_NEGATIVE_PROMPT,
      onIgnoredFrame: entry.ignoredLastFrame ?? 'warn',
      matchTail: entry.matchTail ?? false,
      ...world,
    });
  });
}

function instanceOf(
  config: BackendConfig,
  instance: InstanceConfig,
  defaults: KindDefaults,
  routed: readonly string[],
  world: RemoteWorld,
): RemoteInstance {
  const address = { url: instance.url, headers: { ...authorisation(instance.credential), ...instance.headers } };
  const make = APIS[config.kind] as (...given: readonly unknown[]) => RemoteApi<Json>;
  const api = limited(make(config, address, routed, world), config);
  return { name: instance.name, slots: instance.slots ?? defaults.slots, draining: instance.draining, api };
}

/** What the operator says of a peer narrows what its adapter says. */
function limited(api: RemoteApi<Json>, { entry }: BackendConfig): RemoteApi<Json> {
  const traits = (): RemoteTraits => ({
    ...api.traits,
    ...(entry.sizes === undefined ? {} : { sizes: entry.sizes }),
    ...(entry.sides === undefined ? {} : { sides: entry.sides }),
    ...(entry.billed === undefined ? {} : { billed: entry.billed }),
    ...(entry.promptExtend === undefined || entry.promptExtend === 'auto' ? {} : { extendsPrompt: false }),
  });
  return Object.create(api, { traits: { get: traits, enumerable: true } }) as RemoteApi<Json>;
}

function rhythmOf({ entry }: BackendConfig): Partial<Rhythm> {
  return {
    ...(entry.pollEvery === undefined ? {} : { everyMs: entry.pollEvery }),
    ...(entry.usualTime === undefined ? {} : { usualMs: entry.usualTime }),
  };
}

function writerOf({ promptWriter }: GenerationConfig, { clock, log }: RemoteWorld): PromptWriter | undefined {
  if (promptWriter === undefined) return undefined;
  const { url, model, credential, headers, timeoutMs } = promptWriter;
  return createChatWriter({ url, model, headers: { ...authorisation(credential), ...headers }, timeoutMs, clock, log });
}

/** A bearer token, or basic authentication when there is a user. */
function authorisation(credential: InstanceConfig['credential']): Readonly<Record<string, string>> {
  if (credential === undefined) return {};
  const { user, secret } = credential;
  if (user === undefined) return { authorization: `Bearer ${secret}` };
  return { authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}` };
}

function known(models: Readonly<Record<string, string | undefined>> | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(models ?? {}).filter((pair): pair is [string, string] => pair[1] !== undefined),
  );
}
