import { expect } from 'vitest';
import { ASK, bearer, png, type TestApp, testApp } from './app.fixture.ts';
import { errorObject } from './error-object.ts';
import { type RouteTrait, traitsOf } from './route.ts';
import { allRoutes } from './routes.ts';

/** What the tests that walk all routes share: how one is asked, and how its refusals are read. */

/** What is known of every route of the router. */
export async function traits(): Promise<readonly RouteTrait[]> {
  await using test = await testApp();
  return traitsOf(allRoutes(test.parts));
}

/** Has the shape of a video's id, and is none's. */
export const NOBODY = 'video_00000000000000000000000000';

export const nameOf = (trait: RouteTrait) => `${trait.method} ${trait.path}`;
export const scopeOf = ({ access }: RouteTrait) => (access === 'signed' ? 'videos:read' : access);

/** The parameters in the path of a route, joined: `:id`, `:owner/:folder`, or nothing. */
export const parametersOf = ({ path }: RouteTrait) => path.match(/:\w+/g)?.join('/') ?? '';

/** Without it DashScope's create is refused, as there. */
export const ASYNC = { 'x-dashscope-async': 'enable' };

/** Asks a route about `id`, which stands for all of its parameters. */
export function askRoute(
  test: TestApp,
  trait: RouteTrait,
  id: string,
  headers: Record<string, string>,
  method: RouteTrait['method'] | 'HEAD' = trait.method,
) {
  const url = trait.path.replace(':owner/:folder', `alice/${id}`).replace(/:\w+/, id);
  const payload = trait.body === 'posted' ? ASK : trait.body === 'json' ? {} : undefined;
  return test.app.inject({ method, url, headers, ...(payload === undefined ? {} : { payload }) });
}

/** The code of an error in the envelope of its dialect. */
export function codeOf({ dialect }: RouteTrait, answer: { json(): unknown }): string {
  if (dialect === 'openrouter') {
    const { error } = answer.json() as { error: { code: unknown; message: unknown; metadata: { code: string } } };
    expect([typeof error.code, typeof error.message]).toEqual(['number', 'string']);
    return error.metadata.code;
  }
  if (dialect !== 'dashscope') return errorObject.parse(answer.json()).error.code;
  const { code, message, request_id: id } = answer.json() as Readonly<Record<string, string>>;
  expect([typeof message, id]).toEqual(['string', expect.stringMatching(/^req_/)]);
  return code ?? '';
}

/** An answer as bytes, apart from the id that was asked for and the name of the request. */
export function bytesOf(
  answer: { readonly statusCode: number; readonly headers: object; readonly body: string },
  asked: string,
): string {
  const headers = Object.entries(answer.headers)
    .filter(([name]) => !['x-request-id', 'date', 'content-length'].includes(name))
    .map(([name, value]) => `${name}: ${value}`)
    .toSorted();
  const body = answer.body.replaceAll(JSON.stringify(asked).slice(1, -1), 'ID').replaceAll(/req_[\w-]+/g, 'REQUEST');
  return [answer.statusCode, ...headers, '', body].join('\n');
}

/** A video of an owner's, as it is right after its create. */
export async function oneVideo(test: TestApp, key = test.alice): Promise<string> {
  const created = await test.app.inject({ method: 'POST', url: '/v1/videos', headers: bearer(key), payload: ASK });
  return created.json<{ id: string }>().id;
}

export async function oneFile(test: TestApp, more: object = {}): Promise<string> {
  const payload = { file: `data:image/png;base64,${Buffer.from(png(300, 300)).toString('base64')}`, ...more };
  const answer = await test.app.inject({ method: 'POST', url: '/v1/files', headers: bearer(test.alice), payload });
  return answer.json<{ id: string }>().id;
}

export async function oneEndpoint(test: TestApp): Promise<string> {
  const payload = { url: 'https://example.com/hooks' };
  const made = await test.app.inject({
    method: 'POST',
    url: '/v1/webhook_endpoints',
    headers: bearer(test.alice),
    payload,
  });
  return made.json<{ id: string }>().id;
}

/** Counts what was tried, by column. */
export function createCells() {
  const counted = new Map<string, number>();
  return {
    cell: (column: string) => void counted.set(column, (counted.get(column) ?? 0) + 1),
    told() {
      const columns = [...counted].map(([column, count]) => `${column} ${count}`).join(', ');
      const sum = [...counted.values()].reduce((total, count) => total + count, 0);
      return `${sum} cells (${columns})`;
    },
  };
}
