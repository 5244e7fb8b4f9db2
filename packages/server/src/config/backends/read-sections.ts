import { z } from 'zod';
import type { Mistake } from '../config-error.ts';
import { nearest } from '../nearest.ts';
import { sections } from './schema.ts';

const schema = z.strictObject(sections).partial();
export type Sections = z.infer<typeof schema>;

/** The names of the sections, which are not settings. */
export const SECTION_NAMES: readonly string[] = Object.keys(sections);

/** What stands in the sections of a file, as far as it can be used. */
export interface ReadSections {
  readonly sections: Sections;
  /**
   * The fields of backends that were told as mistakes and left out, by backend; of a backend that cannot be read at all,
   * none. So that the rest is checked as well, and nothing is told twice.
   */
  readonly faulty: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Reads the sections of a file that are no settings; adds to `mistakes` everything that is wrong with them. */
export function readSections(content: object, path: string, mistakes: Mistake[]): ReadSections {
  const own = Object.fromEntries(Object.entries(content).filter(([name]) => SECTION_NAMES.includes(name)));
  const read = schema.safeParse(own, { error: inWords });
  if (read.success) return { sections: read.data, faulty: new Map() };
  for (const issue of read.error.issues) mistakes.push(...mistakesOf(issue, own, path));
  return salvage(own, read.error.issues);
}

/** What is left when everything that is wrong is taken out: of a backend a field, of the routes a model, else a section. */
function salvage(own: Readonly<Record<string, unknown>>, issues: readonly z.core.$ZodIssue[]): ReadSections {
  const left = structuredClone(own) as Record<string, unknown>;
  const faulty = new Map<string, Set<string>>();
  for (const [section = '', name, field] of issues.flatMap(placesOf)) {
    const records = left[section];
    if (name === undefined || !isRecord(records) || (section !== 'backends' && section !== 'models')) {
      delete left[section];
      continue;
    }
    if (section === 'models') delete records[name];
    if (section !== 'backends') continue;
    const known = faulty.get(name) ?? new Set();
    faulty.set(name, known);
    const entry = records[name];
    if (field === undefined || !isRecord(entry)) continue;
    known.add(field);
    delete entry[field];
  }
  const { backends } = left;
  // One that cannot be used even without its wrong fields (its kind is wrong, say) is left out whole.
  if (isRecord(backends))
    for (const name of faulty.keys())
      if (!schema.safeParse({ backends: { [name]: backends[name] } }).success) delete backends[name];
  return { sections: schema.safeParse(left).data ?? {}, faulty };
}

function placesOf(issue: z.core.$ZodIssue): readonly (readonly string[])[] {
  const path = issue.path.map(String);
  return issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...path, key]) : [path];
}

const WORDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a section of fields',
  record: 'a section of fields',
};

/** Completes "allowed is …" for fields whose schema does not say it in words of its own. */
function inWords(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return WORDS[issue.expected];
    case 'too_small':
      if (issue.origin === 'array') return 'a list that is not empty';
      return issue.origin === 'string' ? 'a text that is not empty' : `at least ${issue.minimum}`;
    case 'too_big':
      return issue.origin === 'string' ? `a text of at most ${issue.maximum} characters` : `at most ${issue.maximum}`;
    default:
      return undefined;
  }
}

function mistakesOf(issue: z.core.$ZodIssue, content: object, file: string): readonly Mistake[] {
  const place = (path: readonly PropertyKey[]) => `${file}: ${showPath(path)}`;
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearest(key, knownKeys(issue.path));
      const allowed = near === undefined ? 'a field that this section has (docs/backends.md)' : `perhaps ${near}`;
      return { name: place([...issue.path, key]), found: 'an unknown field', allowed };
    });
  }
  if (issue.code === 'invalid_key') {
    const [inner] = issue.issues;
    return [{ name: place(issue.path), found: 'a name that cannot be used', allowed: inner?.message ?? issue.message }];
  }
  return [
    { name: place(issue.path), found: showFound(valueAt(content, issue.path), issue.path), allowed: issue.message },
  ];
}

function showPath(path: readonly PropertyKey[]): string {
  return path
    .map((step, index) => (typeof step === 'number' ? `[${step}]` : `${index === 0 ? '' : '.'}${String(step)}`))
    .join('');
}

function valueAt(content: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce((value: unknown, step) => (isRecord(value) ? value[step] : undefined), content);
}

/** What somebody wrote where a variable's name belongs may be the secret itself, so it is never shown. */
function showFound(value: unknown, path: readonly PropertyKey[]): string {
  if (value === undefined) return 'nothing';
  if (path.some((step) => step === 'credential' || step === 'headers' || step === 'env')) {
    return typeof value === 'string' ? `a text of ${value.length} characters` : `a ${typeof value}`;
  }
  return JSON.stringify(value).slice(0, 120);
}

/** Fields that a section at this place may have, for "perhaps you mean". */
function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  if (path.length === 0) return SECTION_NAMES;
  const [section] = path;
  if (section === 'promptWriter') return Object.keys(sections.promptWriter.unwrap().shape);
  if (section !== 'backends') return [];
  const options = sections.backends.unwrap().valueType.options;
  return [...new Set(options.flatMap((option) => Object.keys(option.shape)))];
}

function isRecord(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
