import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { bearer, png, type TestApp } from '../app.fixture.ts';

/**
 * A golden file: requests as a client writes them to the wire, in order, and what it reads of the answers. `{{name}}`
 * stands for bytes of the test (`png`, `png2`, `key`) or for a value that an earlier answer was told to keep.
 */
export interface Golden {
  /** Whose behaviour it is, and where that was read. */
  readonly source: string;
  readonly steps: readonly GoldenStep[];
}

interface GoldenStep {
  readonly what: string;
  /** Moves the newest video on as a worker would, before the request. */
  readonly before?: 'queue' | 'run' | 'succeed' | 'fail';
  readonly request: {
    readonly method: 'GET' | 'POST' | 'DELETE';
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    /** Lines of the body, joined by CR LF as in a form; an object is JSON. */
    readonly body?: readonly string[] | object;
  };
  readonly answer: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string>>;
    /** What must be in the body, at least. A text that begins with `/` and ends with `/` is a pattern. */
    readonly body?: unknown;
  };
  /** Values of the answer for later steps, by path: `{"id": "output.task_id"}`. */
  readonly keep?: Readonly<Record<string, string>>;
}

/** The golden files of a folder, by name. */
export function goldenFiles(folder: string): readonly (readonly [string, Golden])[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => [name, JSON.parse(readFileSync(join(folder, name), 'utf8')) as Golden] as const);
}

/** Replays a golden file against the app, byte for byte. */
export async function replay(test: TestApp, { steps }: Golden): Promise<void> {
  const kept = new Map<string, string | Uint8Array>([
    ['png', png(1280, 720)],
    ['png2', png(720, 720)],
    ['key', test.alice],
    ['dataUrl', `data:image/png;base64,${Buffer.from(png(1280, 720)).toString('base64')}`],
  ]);
  const text = (template: string) =>
    template.replace(/\{\{(\w+)\}\}/g, (_, name: string) => String(kept.get(name) ?? missing(name)));
  for (const { what, before, request, answer, keep = {} } of steps) {
    // Videos of one instant would be listed in any order.
    test.advance(1);
    const id = kept.get('id');
    if (before !== undefined && typeof id === 'string') await test.worker[before](id);
    const headers = Object.entries({ ...bearer(test.alice), ...request.headers }).filter(([, value]) => value !== '');
    const response = await test.app.inject({
      method: request.method,
      url: text(request.path),
      headers: Object.fromEntries(headers.map(([name, value]) => [name, text(value)])),
      ...(request.body === undefined ? {} : { payload: payloadOf(request.body, kept, text) }),
    });
    expect([what, response.statusCode, response.statusCode === answer.status ? '' : response.body]).toEqual([
      what,
      answer.status,
      '',
    ]);
    expect(response.headers, what).toMatchObject(wished(answer.headers ?? {}, text) as object);
    if (answer.body !== undefined) expect(response.json(), what).toEqual(wished(answer.body, text));
    for (const [name, path] of Object.entries(keep)) kept.set(name, String(at(response.json(), path)));
  }
}

function payloadOf(
  body: readonly string[] | object,
  kept: ReadonlyMap<string, string | Uint8Array>,
  text: (template: string) => string,
): Buffer {
  if (!Array.isArray(body)) return Buffer.from(text(JSON.stringify(body)));
  const pieces = body.join('\r\n').split(/\{\{(\w+)\}\}/);
  return Buffer.concat(
    pieces.map((piece, n) => Buffer.from(n % 2 === 0 ? piece : (kept.get(piece) ?? missing(piece)))),
  );
}

/** Objects are held to what they name; a pattern to what it matches. */
function wished(value: unknown, text: (template: string) => string): unknown {
  if (typeof value === 'string') {
    return /^\/.+\/$/.test(value) ? expect.stringMatching(new RegExp(value.slice(1, -1))) : text(value);
  }
  if (Array.isArray(value)) return value.map((each) => wished(each, text));
  if (typeof value !== 'object' || value === null) return value;
  return expect.objectContaining(
    Object.fromEntries(Object.entries(value).map(([name, each]) => [name, wished(each, text)])),
  );
}

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((found, name) => (found as Record<string, unknown>)[name], value);
}

function missing(name: string): never {
  throw new Error(`a golden file names {{${name}}}, which nobody kept`);
}
