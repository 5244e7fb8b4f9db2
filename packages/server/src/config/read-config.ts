import type { BackendConfig, GenerationConfig } from './backends/backend-config.ts';
import { resolveGeneration } from './backends/resolve.ts';
import { type Config, groupValues } from './config.ts';
import { ConfigError, type Mistake } from './config-error.ts';
import { type ConfigFile, type Found, readFileContent } from './config-file.ts';
import { joined, pricesOf } from './money.ts';
import { nearest } from './nearest.ts';
import { flagName, longName, type Setting, shortName, usualName } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey, type Values } from './settings.ts';

/** Where settings come from. Only main and cli look at `process.env`; they pass it in. */
export interface ConfigSources {
  /** By key; the command line spells them in kebab case. */
  readonly flags: Readonly<Partial<Record<SettingKey, string | undefined>>>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file?: ConfigFile | undefined;
  /**
   * Further checks that need knowledge of an adapter, which this folder may not import; an Error they throw is one more
   * mistake, told together with the others.
   */
  readonly checks?: { readonly [Key in SettingKey]?: (value: Values[Key]) => unknown } | undefined;
  /** The same for a backend: names the fields of its entry that are wrong. */
  readonly checkBackend?: ((backend: BackendConfig) => readonly Mistake[]) | undefined;
}

/**
 * Reads the whole configuration: flag before environment (`INBETWEEN_…` before the short name) before file before
 * default. An empty variable counts as unset, as compose files write it.
 *
 * @throws ConfigError with every mistake there is
 */
export function readConfig({ flags, env, file, checks = {}, checkBackend = () => [] }: ConfigSources): Config {
  const mistakes: Mistake[] = [];
  const { settings: inFile, sections } = readFileContent(file, mistakes);
  const found = new Map<SettingKey, Found | undefined>();
  const values: Partial<Record<SettingKey, unknown>> = {};
  for (const key of SETTING_KEYS) {
    const source = findSource(key, flags, env, inFile);
    if (source === undefined) mistakes.push(...emptyMistake(key, env));
    found.set(key, source);
    values[key] = readValue(key, source, checks[key] as ((value: unknown) => unknown) | undefined, mistakes);
  }
  // Settings that contradict each other can only be told from settings that are right by themselves.
  const complete = values as Values;
  const generation = resolveGeneration(sections, complete, env, file?.path ?? 'environment', mistakes);
  for (const backend of generation.backends) {
    const place = `${file?.path ?? 'environment'}: backends.${backend.name}`;
    mistakes.push(...checkBackend(backend).map((mistake) => ({ ...mistake, name: `${place}.${mistake.name}` })));
  }
  if (mistakes.length === 0) mistakes.push(...contradictions(complete, found));
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  const inSection = Object.entries(sections.sections.prices ?? {}).map(([model, price]) => pricesOf(model, price));
  const perSecond = joined([...inSection, complete.prices]);
  const warnings = [
    ...unknownVariables(env),
    ...unlistedBackends(generation),
    ...foreignPrices(generation, complete.currency),
  ];
  return groupValues(complete, generation, perSecond, warnings);
}

function findSource(
  key: SettingKey,
  flags: ConfigSources['flags'],
  env: ConfigSources['env'],
  inFile: ReadonlyMap<SettingKey, Found>,
): Found | undefined {
  const { short, secret } = SETTINGS[key];
  const candidates = [
    secret ? undefined : { name: `--${flagName(key)}`, text: flags[key] },
    { name: longName(key), text: env[longName(key)] },
    short ? { name: shortName(key), text: env[shortName(key)] } : undefined,
    inFile.get(key),
  ];
  for (const candidate of candidates) {
    const text = candidate?.text?.trim() ?? '';
    if (candidate !== undefined && text !== '') return { name: candidate.name, text };
  }
  return undefined;
}

function emptyMistake(key: SettingKey, env: ConfigSources['env']): readonly Mistake[] {
  const declared: Setting<unknown> = SETTINGS[key];
  const name = usualName(key, declared);
  if (!declared.neverEmpty || env[name] === undefined) return [];
  return [{ name, found: 'an empty text', allowed: `${declared.parser.allowed}, or no such variable at all` }];
}

function readValue(
  key: SettingKey,
  source: Found | undefined,
  check: ((value: unknown) => unknown) | undefined,
  mistakes: Mistake[],
): unknown {
  const declared: Setting<unknown> = SETTINGS[key];
  const text = source?.text ?? declared.fallback;
  if (text === undefined) return undefined;
  const name = source?.name ?? usualName(key, declared);
  const found = declared.secret ? `a text of ${text.length} characters` : `"${text}"`;
  const read = declared.parser.read(text);
  if (read === undefined) {
    mistakes.push({ name, found, allowed: declared.parser.allowed });
    return undefined;
  }
  try {
    check?.(read.value);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    mistakes.push({ name, found: `${found} (${reason})`, allowed: declared.parser.allowed });
  }
  return read.value;
}

function contradictions(values: Values, found: ReadonlyMap<SettingKey, Found | undefined>): readonly Mistake[] {
  const mistakes: Mistake[] = [];
  const nameOf = (key: SettingKey) => found.get(key)?.name ?? usualName(key, SETTINGS[key]);
  const textOf = (key: SettingKey) => found.get(key)?.text ?? SETTINGS[key].fallback ?? 'nothing';
  if (values.encoder === 'ffmpeg' && values.ffmpegPath === undefined) {
    const allowed = `the path of ffmpeg, because ${nameOf('encoder')} is ffmpeg`;
    mistakes.push({ name: nameOf('ffmpegPath'), found: 'nothing', allowed });
  }
  if (values.metricsPort === values.port && values.port !== 0) {
    const allowed = `another port than ${nameOf('port')}, or nothing`;
    mistakes.push({ name: nameOf('metricsPort'), found: `"${values.port}"`, allowed });
  }
  for (const [one, other] of [
    ['c2paCertificate', 'c2paKey'],
    ['c2paKey', 'c2paCertificate'],
  ] as const) {
    if (values[one] === undefined || values[other] !== undefined) continue;
    const allowed = `the path of a PEM file, because ${nameOf(one)} is set`;
    mistakes.push({ name: nameOf(other), found: 'nothing', allowed });
  }
  if (values.moderationSecret !== undefined && values.moderationUrl === undefined) {
    // Somebody meant to have a check, and has none.
    const allowed = `an address, because there is ${nameOf('moderationSecret')}`;
    mistakes.push({ name: nameOf('moderationUrl'), found: 'nothing', allowed });
  }
  if (values.crashAt !== undefined && !values.simulate) {
    const allowed = `nothing, unless ${nameOf('simulate')} is on`;
    mistakes.push({ name: nameOf('crashAt'), found: `"${values.crashAt}"`, allowed });
  }
  if (values.rowTtl !== undefined && values.rowTtl < (values.resultTtl ?? Number.POSITIVE_INFINITY)) {
    const allowed = `a time not shorter than ${nameOf('resultTtl')}, which is ${textOf('resultTtl')}`;
    mistakes.push({ name: nameOf('rowTtl'), found: `"${textOf('rowTtl')}"`, allowed });
  }
  return mistakes;
}

/** What peers charge is booked in the one currency of the ledger. */
function foreignPrices({ backends }: GenerationConfig, currency: string): readonly string[] {
  return backends.flatMap(({ name, entry: { price } }) =>
    price === undefined || price.currency === currency
      ? []
      : [
          `The price of backend ${name} is in ${price.currency} and the ledger in ${currency}, so it is shown and not booked.`,
        ],
  );
}

/** A backend that no model lists was probably meant to make something. */
function unlistedBackends({ backends, routes }: GenerationConfig): readonly string[] {
  const listed = new Set(Object.values(routes).flat());
  return backends
    .filter(({ name, draining }) => !draining && !listed.has(name))
    .map(({ name }) => `The backend ${name} makes nothing: no model under \`models\` lists it.`);
}

/** A variable that only looks like ours may be a typing error that silently changes nothing. */
function unknownVariables(env: ConfigSources['env']): readonly string[] {
  const known = SETTING_KEYS.map(longName);
  return Object.keys(env)
    .filter((name) => name.startsWith('INBETWEEN_') && !known.includes(name))
    .map((name) => {
      const near = nearest(name, known);
      return `${name} is not a setting${near === undefined ? '.' : `; did you mean ${near}?`}`;
    });
}
