import { z } from 'zod';
import type { Mistake } from '../config-error.ts';
import { nearest } from '../nearest.ts';
import { sections } from './schema.ts';

const schema = z.strictObject(sections).partial();
export type Sections = z.infer<typeof schema>;

/** The names of the sections, which are not settings. */
export const SECTION_NAMES: readonly string[] = Object.keys(sections);

/** Reads the sections of a file that are no settings; adds to `mistakes` everything that is wrong with them. */
export function readSections(content: object, path: string, mistakes: Mistake[]): Sections {
  const own = Object.fromEntries(Object.entries(content).filter(([name]) => SECTION_NAMES.includes(name)));
  const read = schema.safeParse(own);
  if (read.success) return read.data;
  for (const issue of read.error.issues) mistakes.push(...mistakesOf(issue, own, path));
  return {};
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
