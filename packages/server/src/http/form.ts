import { Fault } from '../domain/fault.ts';
import { PICTURE_LIMITS, tooManyBytes } from '../domain/frame.ts';
import { echo } from './errors.ts';

/** What a form's text means in the JSON body, by field; a text that means nothing stays as it is and is refused later. */
const MEANINGS: ReadonlyMap<string, (text: string) => unknown> = new Map([
  ['prompt_extend', readFlag],
  ['watermark', readFlag],
  ['seed', (text: string) => (/^-?\d{1,15}$/.test(text.trim()) ? Number(text) : text)],
]);

/** Other parts are a line of text; the two pictures may be megabytes of it. */
const TEXT_MAX = 64 * 1024;
const FILES_MAX = 2;

/** `images[]`, `images`, `images[0]` and `images[1]`. */
const IMAGES = /^images(\[\d{0,2}\])?$/;

/**
 * Puts the parts of a form into the shape of the JSON body: `images[]`, `images` or `images[0]` and `images[1]` become
 * the list, `tags[key]` the object, "true" and numbers their values. An empty part is one the caller left out.
 *
 * @param imageNames parts that are pictures, where a dialect has other names for them too
 */
export async function readForm(form: FormData, imageNames: RegExp = IMAGES): Promise<Record<string, unknown>> {
  const body = new Map<string, unknown>();
  const images: { readonly name: string; readonly value: string | File }[] = [];
  const tags = new Map<string, string>();
  for (const [name, value] of form) {
    if (imageNames.test(name)) images.push({ name, value });
    else if (typeof value !== 'string') throw unexpectedFile(name);
    else if (value.length > TEXT_MAX) throw tooLong(name);
    else {
      const tag = /^tags\[(.*)\]$/s.exec(name)?.[1];
      if (tag !== undefined) setOnce(tags, tag, value, name);
      else if (value !== '') setOnce(body, name, (MEANINGS.get(name) ?? keep)(value), name);
    }
  }
  if (images.length > 0) body.set('images', await readImages(images));
  if (tags.size > 0) body.set('tags', Object.fromEntries(tags));
  return Object.fromEntries(body);
}

async function readImages(
  images: readonly { readonly name: string; readonly value: string | File }[],
): Promise<readonly (string | Uint8Array)[]> {
  const ordered = inOrder(images);
  if (ordered.filter((value) => typeof value !== 'string').length > FILES_MAX) {
    throw new Fault('invalid_request', `images: at most ${FILES_MAX} files are read, the first and the last frame.`, {
      param: 'images',
    });
  }
  return Promise.all(
    ordered.map(async (value, index) => {
      if (typeof value === 'string') return value;
      if (value.size > PICTURE_LIMITS.maxBytes) throw tooManyBytes(`images[${index}]`);
      return value.bytes();
    }),
  );
}

/** Numbered parts go where they say, others in the order they came; a mixture could mean anything. */
function inOrder(
  images: readonly { readonly name: string; readonly value: string | File }[],
): readonly (string | File)[] {
  const numbers = images.map(({ name }) => /\d+/.exec(name)?.[0]).filter((digits) => digits !== undefined);
  if (numbers.length === 0) return images.map(({ value }) => value);
  const sorted = images.toSorted((a, b) => numberOf(a.name) - numberOf(b.name));
  if (numbers.length !== images.length || sorted.some(({ name }, index) => numberOf(name) !== index)) {
    throw new Fault(
      'invalid_request',
      'images: send either two parts named images[], or images[0] for the first frame and images[1] for the last.',
      { param: 'images' },
    );
  }
  return sorted.map(({ value }) => value);
}

function numberOf(name: string): number {
  return Number(/\d+/.exec(name)?.[0] ?? Number.NaN);
}

function readFlag(text: string): unknown {
  const word = text.trim().toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : text;
}

function keep(text: string): string {
  return text;
}

function setOnce<T>(into: Map<string, T>, key: string, value: T, name: string): void {
  if (into.has(key)) {
    throw new Fault('invalid_request', `${echo(name)} was sent twice; send it once.`, { param: echo(name) });
  }
  into.set(key, value);
}

function unexpectedFile(name: string): Fault {
  return new Fault('invalid_request', `${echo(name)} must be text; files are read as images[] only.`, {
    param: echo(name),
  });
}

function tooLong(name: string): Fault {
  return new Fault('invalid_request', `${echo(name)} is longer than ${TEXT_MAX} characters.`, { param: echo(name) });
}
