import type { Mistake } from '../config-error.ts';
import type { BackendConfig, GenerationConfig, InstanceConfig, PromptWriterConfig } from './backend-config.ts';
import type { ReadSections } from './read-sections.ts';
import { type BackendEntry, model, RENDERER } from './schema.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** The settings that make a backend without any file. */
export interface Shortcuts {
  readonly dashscopeApiKey: string | undefined;
  readonly dashscopeBaseUrl: string | undefined;
  readonly comfyuiUrl: readonly string[] | undefined;
}

/** What the shortcuts' backends are called; a file may configure them further under these names. */
const DASHSCOPE = 'dashscope';
const DASHSCOPE_KEY = 'DASHSCOPE_API_KEY';
const COMFYUI = 'comfyui';
/** The order in which they get the models that no route names. */
const UNROUTED = [DASHSCOPE, COMFYUI];

const DASHSCOPE_URLS = { cn: 'https://dashscope.aliyuncs.com', intl: 'https://dashscope-intl.aliyuncs.com' } as const;

/**
 * Makes the configuration of backends complete: shortcuts joined with the file (the environment wins over it), credentials
 * looked up, routes checked. Adds to `mistakes` whatever cannot be used.
 */
export function resolveGeneration(
  { sections: file, faulty }: ReadSections,
  shortcuts: Shortcuts,
  env: Environment,
  path: string,
  mistakes: Mistake[],
): GenerationConfig {
  const entries = new Map<string, BackendEntry>(Object.entries(file.backends ?? {}));
  applyShortcuts(entries, shortcuts);
  const backends = [...entries].map(([name, entry]) => {
    const found: Mistake[] = [];
    const backend = resolveBackend(name, entry, shortcuts, env, path, found);
    const place = `${path}: backends.${name}`;
    mistakes.push(...found.filter((mistake) => !followsFrom(faulty.get(name), mistake.name.slice(place.length + 1))));
    return backend;
  });
  const names = new Set([...entries.keys(), ...faulty.keys(), RENDERER]);
  const routes: Record<string, readonly string[]> = {};
  for (const each of model.options) {
    const listed = file.models?.[each];
    for (const [index, name] of (listed ?? []).entries()) {
      if (names.has(name)) continue;
      const known = [...names].join(', ');
      mistakes.push({
        name: `${path}: models.${each}[${index}]`,
        found: JSON.stringify(name),
        allowed: `one of ${known}`,
      });
    }
    const made = UNROUTED.filter((name) => entries.has(name));
    routes[each] = listed ?? (made.length > 0 ? made : [RENDERER]);
  }
  return {
    backends,
    routes,
    promptWriter: file.promptWriter && resolveWriter(file.promptWriter, env, path, mistakes),
    negativePrompt: file.negativePrompt,
  };
}

/** Fields that are only asked for, or have no meaning, because another one is not there. */
const INSTEAD_OF: Readonly<Record<string, string>> = { url: 'instances', bind: 'graph' };

/** Whether a mistake at this field is only there because a faulty field was left out; that one was told. */
function followsFrom(faulty: ReadonlySet<string> | undefined, field: string): boolean {
  const [first = '', ...rest] = field.split('.');
  const last = rest.at(-1) ?? first;
  return [first, last, INSTEAD_OF[last]].some((each) => each !== undefined && faulty?.has(each));
}

/** What the environment says wins over what the file says. */
function applyShortcuts(entries: Map<string, BackendEntry>, shortcuts: Shortcuts): void {
  const { dashscopeApiKey, dashscopeBaseUrl, comfyuiUrl } = shortcuts;
  const known = entries.get(DASHSCOPE);
  if (dashscopeApiKey !== undefined && known === undefined && ![...entries.values()].some(usesDashscopeKey))
    entries.set(DASHSCOPE, { kind: 'dashscope', credential: DASHSCOPE_KEY });
  const cloud = entries.get(DASHSCOPE);
  if (dashscopeBaseUrl !== undefined && cloud?.kind === 'dashscope' && cloud.instances === undefined)
    entries.set(DASHSCOPE, { ...cloud, url: dashscopeBaseUrl });
  const engine = entries.get(COMFYUI) ?? { kind: COMFYUI };
  if (comfyuiUrl === undefined || engine.kind !== COMFYUI) return;
  const { url: _, instances, ...rest } = engine;
  // What the file says of one address stays with it.
  entries.set(COMFYUI, {
    ...rest,
    instances: comfyuiUrl.map((url) => instances?.find((place) => place.url === url) ?? { url }),
  });
}

/**
 * Whether a backend of the file names the variable of the shortcut. Then the file says where that key goes: a second
 * backend beside it would send the key, and videos of models that the file does not route, to an address nobody wrote.
 */
function usesDashscopeKey({ credential, instances = [] }: BackendEntry): boolean {
  return [credential, ...instances.map((each) => each.credential)].includes(DASHSCOPE_KEY);
}

function resolveBackend(
  name: string,
  entry: BackendEntry,
  shortcuts: Shortcuts,
  env: Environment,
  path: string,
  mistakes: Mistake[],
): BackendConfig {
  const place = `${path}: backends.${name}`;
  const draining = entry.state === 'draining';
  checkKind(entry, place, mistakes);
  if (entry.url !== undefined && entry.instances !== undefined)
    mistakes.push({ name: `${place}.url`, found: 'both url and instances', allowed: 'one of them' });
  const url = entry.url ?? (entry.kind === 'dashscope' ? DASHSCOPE_URLS[entry.region ?? 'cn'] : undefined);
  const listed = entry.instances ?? (url === undefined ? [] : [{ url }]);
  if (listed.length === 0)
    mistakes.push({
      name: `${place}.url`,
      found: 'nothing',
      allowed: 'an http(s) address, or `instances` with several',
    });
  // The shortcut may have been given under its long name, which is not the name the entry refers to.
  const known = { ...env, [DASHSCOPE_KEY]: shortcuts.dashscopeApiKey ?? env[DASHSCOPE_KEY] };
  const instances = listed.map((item, index): InstanceConfig => {
    const where = entry.instances === undefined ? place : `${place}.instances[${index}]`;
    const merged = { ...entry, ...item, headers: { ...entry.headers, ...item.headers } };
    const credential = resolveCredential(merged, known, where, mistakes);
    if (entry.kind === 'dashscope' && credential === undefined && merged.credential === undefined)
      mistakes.push({ name: `${where}.credential`, found: 'nothing', allowed: 'the variable that holds the API key' });
    return {
      name:
        item.name ??
        `${item.url.replace(/^https?:\/\//, '')}${credential === undefined ? '' : ` ${credential.variable}`}`,
      url: item.url,
      credential,
      headers: resolveHeaders(merged.headers, known, where, mistakes),
      slots: item.concurrency,
      draining: draining || item.state === 'draining',
    };
  });
  const names = instances.map((each) => each.name);
  for (const each of new Set(names.filter((one, index) => names.indexOf(one) !== index)))
    mistakes.push({ name: `${place}.instances`, found: `two instances named "${each}"`, allowed: 'different names' });
  return { name, draining, instances, kind: entry.kind, entry } as BackendConfig;
}

function checkKind(entry: BackendEntry, place: string, mistakes: Mistake[]): void {
  if (entry.kind === 'openai-videos' && entry.dialect === 'custom' && entry.fields === undefined) {
    const allowed =
      'the fields of both frames: {first: …, last: …}. A gateway that is not told of the last frame drops it';
    mistakes.push({ name: `${place}.fields`, found: 'nothing', allowed });
  }
  if (entry.kind === 'dashscope' && entry.upload === 'temporary' && entry.region === 'intl')
    mistakes.push({ name: `${place}.upload`, found: '"temporary"', allowed: 'inline, because region is intl' });
  if (entry.kind === 'comfyui' && entry.preset !== undefined && entry.graph !== undefined)
    mistakes.push({ name: `${place}.graph`, found: 'both preset and graph', allowed: 'one of them' });
  if (entry.kind === 'comfyui' && entry.bind !== undefined && entry.graph === undefined) {
    const allowed = 'nothing without graph, because presets know their own places';
    mistakes.push({ name: `${place}.bind`, found: 'places in a graph', allowed });
  }
}

function resolveCredential(
  { credential, user }: { readonly credential?: string | undefined; readonly user?: string | undefined },
  env: Environment,
  place: string,
  mistakes: Mistake[],
): InstanceConfig['credential'] {
  if (credential === undefined) return undefined;
  const secret = env[credential]?.trim() ?? '';
  if (secret === '')
    mistakes.push({
      name: `${place}.credential`,
      found: `${credential}, which is not set`,
      allowed: 'a variable that is set',
    });
  return { variable: credential, secret, user };
}

function resolveHeaders(
  headers: Readonly<Record<string, string | { readonly env: string }>>,
  env: Environment,
  place: string,
  mistakes: Mistake[],
): Readonly<Record<string, string>> {
  const pairs = Object.entries(headers).map(([name, value]): readonly [string, string] => {
    if (typeof value === 'string') return [name.toLowerCase(), value];
    const secret = env[value.env]?.trim() ?? '';
    if (secret === '')
      mistakes.push({
        name: `${place}.headers.${name}`,
        found: `${value.env}, which is not set`,
        allowed: 'a variable that is set',
      });
    return [name.toLowerCase(), secret];
  });
  return Object.fromEntries(pairs);
}

const WRITER_MS = 30_000;

function resolveWriter(
  entry: NonNullable<ReadSections['sections']['promptWriter']>,
  env: Environment,
  path: string,
  mistakes: Mistake[],
): PromptWriterConfig {
  const place = `${path}: promptWriter`;
  return {
    url: entry.url,
    model: entry.model,
    credential: resolveCredential(entry, env, place, mistakes),
    headers: resolveHeaders(entry.headers ?? {}, env, place, mistakes),
    timeoutMs: entry.timeout ?? WRITER_MS,
  };
}
