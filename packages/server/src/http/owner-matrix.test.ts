import { afterAll, describe, expect, it } from 'vitest';
import { SCOPES } from '../domain/api-key.ts';
import type { OwnerId } from '../domain/id.ts';
import { bearer, type TestApp, testApp } from './app.fixture.ts';
import {
  ASYNC,
  askRoute,
  bytesOf,
  codeOf,
  createCells,
  NOBODY,
  nameOf,
  oneEndpoint,
  oneFile,
  oneVideo,
  parametersOf,
  scopeOf,
  traits,
} from './matrix.fixture.ts';
import type { RouteTrait } from './route.ts';

/**
 * Every route × who must not get through it, made from the router: a new route is in here by being a route, and one
 * with a new kind of parameter fails until it is said whose that is.
 */

const all = await traits();
const guarded = all.filter((trait) => trait.access !== 'open');
const rows = (found: readonly RouteTrait[]) => found.map((trait) => [nameOf(trait), trait] as const);
/** GET is HEAD, too. */
const methodsOf = ({ method }: RouteTrait) => (method === 'GET' ? (['GET', 'HEAD'] as const) : ([method] as const));

const { cell, told } = createCells();
afterAll(() => console.log(`owner matrix: ${guarded.length} guarded routes, ${told()}`));

/** What a parameter names, and how one of alice's is made. */
interface Subject {
  /** Of alice's. */
  own(test: TestApp): Promise<string>;
  /** Not there any more, although it was hers. */
  gone(test: TestApp): Promise<readonly string[]>;
  /** Of the right shape, and never there. */
  readonly never: string;
  /** What alice sees of it, to tell whether somebody touched it. */
  look(test: TestApp, id: string): Promise<unknown>;
}

async function see(test: TestApp, url: string): Promise<unknown> {
  return (await test.app.inject({ url, headers: bearer(test.alice) })).json();
}
const remove = (test: TestApp, url: string) => test.app.inject({ method: 'DELETE', url, headers: bearer(test.alice) });

async function oneFinished(test: TestApp): Promise<string> {
  const id = await oneVideo(test);
  await test.worker.succeed(id);
  return id;
}

async function oneDelivery(test: TestApp): Promise<string> {
  const endpoint = await oneEndpoint(test);
  const video = await oneVideo(test);
  await test.app.inject({ method: 'POST', url: `/v1/videos/${video}/cancel`, headers: bearer(test.alice) });
  return `${video}:2:${endpoint}`;
}

const SUBJECTS: Readonly<Record<string, Subject | 'nobody’s' | 'the operator’s' | 'signed'>> = {
  ':id': {
    own: oneFinished,
    async gone(test) {
      const waiting = await oneVideo(test);
      const finished = await oneFinished(test);
      for (const id of [waiting, finished]) await remove(test, `/v1/videos/${id}`);
      return [waiting, finished];
    },
    never: NOBODY,
    look: (test, id) => see(test, `/v1/videos/${id}`),
  },
  ':file': {
    own: (test) => oneFile(test),
    async gone(test) {
      const deleted = await oneFile(test);
      await remove(test, `/v1/files/${deleted}`);
      const expired = await oneFile(test, { expires_after: { anchor: 'created_at', seconds: 60 } });
      test.advance(60_000);
      return [deleted, expired];
    },
    never: 'file_00000000000000000000000000',
    look: (test, id) => see(test, `/v1/files/${id}`),
  },
  ':endpoint': {
    own: oneEndpoint,
    async gone(test) {
      const deleted = await oneEndpoint(test);
      await remove(test, `/v1/webhook_endpoints/${deleted}`);
      return [deleted];
    },
    never: 'whe_00000000000000000000000000',
    look: (test, id) => see(test, `/v1/webhook_endpoints/${id}`),
  },
  ':delivery': {
    own: oneDelivery,
    async gone(test) {
      const delivery = await oneDelivery(test);
      await remove(test, `/v1/webhook_endpoints/${delivery.split(':')[2]}`);
      return [delivery];
    },
    never: `${NOBODY}:2:whe_00000000000000000000000000`,
    look: (test, id) => see(test, `/v1/webhook_endpoints/${id.split(':')[2]}/deliveries`),
  },
  // Models are the same for everybody.
  ':name': 'nobody’s',
  // Scope `admin` opens the keys of all owners.
  ':key': 'the operator’s',
  ':owner': 'the operator’s',
  // Where an upload may go is said by a signature: `signed-targets.test.ts`.
  ':owner/:folder': 'signed',
};

const owned = all.flatMap((trait) => {
  const subject = SUBJECTS[parametersOf(trait)];
  return typeof subject === 'object' ? [[nameOf(trait), trait, subject] as const] : [];
});

it('knows whose every parameter of every route is', () => {
  const unknown = all.filter((trait) => parametersOf(trait) !== '' && !(parametersOf(trait) in SUBJECTS));
  expect(unknown.map(nameOf)).toEqual([]);
});

describe.each(rows(guarded))('%s', (_name, trait) => {
  it('opens to a key of its own owner, scope, time, address and rate alone', async () => {
    await using test = await testApp();
    const id = await oneVideo(test);
    await wantsAKey(test, trait, id);
    await wantsItsScope(test, trait, id);
    await wantsItsAddressAndRate(test, trait, id);
    // Last, because it moves the clock.
    await wantsAKeyThatIsGood(test, trait, id);
  });
});

/** `Authorization: Bearer` is the one way in. */
async function wantsAKey(test: TestApp, trait: RouteTrait, id: string): Promise<void> {
  const wrong = [
    {},
    { 'x-api-key': test.alice },
    { 'api-key': test.alice },
    { cookie: `key=${test.alice}` },
    { authorization: test.alice },
    { authorization: `Basic ${test.alice}` },
    { authorization: 'Bearer' },
    { authorization: 'Bearer ' },
    { authorization: `Bearer ${test.alice.slice(0, -1)}` },
    { authorization: `Bearer ${test.alice} ${test.alice}` },
    { authorization: "Bearer ' OR 1=1 --" },
    { authorization: `Bearer ${'x'.repeat(8000)}` },
  ];
  for (const headers of wrong) {
    for (const method of methodsOf(trait)) {
      const answer = await askRoute(test, trait, id, headers, method);
      expect(answer.statusCode, JSON.stringify(headers)).toBe(401);
      expect(answer.headers['www-authenticate']).toBe('Bearer');
      if (method !== 'HEAD') expect(codeOf(trait, answer)).toMatch(/^((missing|invalid)_api_key|InvalidApiKey)$/);
      expect(answer.body).not.toContain(test.alice);
      cell(Object.keys(headers).length === 0 ? 'no key' : 'bad key');
    }
  }
  const query = `?api_key=${test.alice}&key=${test.alice}`;
  expect((await test.app.inject({ method: trait.method, url: `${trait.path}${query}` })).statusCode).toBe(401);
  cell('key in the address');
  expect((await askRoute(test, trait, id, { authorization: `bEaReR ${test.alice}` })).statusCode).not.toBe(401);
}

async function wantsItsScope(test: TestApp, trait: RouteTrait, id: string): Promise<void> {
  const others = SCOPES.filter((scope) => scope !== scopeOf(trait));
  for (const scopes of [...others.map((scope) => [scope]), others]) {
    const answer = await askRoute(test, trait, id, bearer(await test.keyOf('alice', scopes)));
    expect(answer.statusCode, scopes.join()).toBe(403);
    expect(codeOf(trait, answer)).toMatch(/^(insufficient_scope|AccessDenied)$/);
    cell('wrong scope');
  }
  const only = SCOPES.filter((scope) => scope === scopeOf(trait));
  const allowed = await askRoute(test, trait, id, { ...bearer(await test.keyOf('alice', only)), ...ASYNC });
  expect(allowed.statusCode).not.toBe(403);
}

async function wantsItsAddressAndRate(test: TestApp, trait: RouteTrait, id: string): Promise<void> {
  const elsewhere = await test.keyOf('alice', undefined, { addresses: ['203.0.113.7'] });
  expect((await askRoute(test, trait, id, bearer(elsewhere))).statusCode).toBe(403);
  cell('wrong address');
  const once = await test.keyOf('alice', undefined, { requestsPerMinute: 1 });
  expect((await askRoute(test, trait, id, bearer(once))).statusCode).not.toBe(429);
  const above = await askRoute(test, trait, id, bearer(once));
  expect([above.statusCode, above.headers['retry-after']]).toEqual([429, '60']);
  cell('above its rate');
}

/** An expired, a revoked and an unknown key are told one and the same. */
async function wantsAKeyThatIsGood(test: TestApp, trait: RouteTrait, id: string): Promise<void> {
  const owner = 'alice' as OwnerId;
  const expiresAt = test.parts.clock.now() + 20_000;
  const ending = await test.parts.keys.create({ owner, name: 'ends', scopes: undefined, expiresAt });
  const revoked = await test.parts.keys.create({ owner, name: 'revoked', scopes: undefined });
  for (const { secret } of [ending, revoked]) {
    expect((await askRoute(test, trait, id, bearer(secret))).statusCode).not.toBe(401);
  }
  // As another process would: nobody tells this one.
  await test.store.keys.revoke(revoked.key.id, test.parts.clock.now());
  test.advance(5_000);
  const ask = async (secret: string) => bytesOf(await askRoute(test, trait, id, bearer(secret)), id);
  const unknown = await ask(`inb_${'0'.repeat(38)}`);
  expect(unknown.slice(0, 3)).toBe('401');
  expect(await ask(revoked.secret)).toBe(unknown);
  cell('revoked key');
  test.advance(15_000);
  expect(await ask(ending.secret)).toBe(unknown);
  cell('expired key');
}

/** DashScope tells by the status UNKNOWN, and of a cancel that it was not PENDING. */
const NOT_THERE: Readonly<Record<string, number>> = {
  'GET /api/v1/tasks/:id': 200,
  'POST /api/v1/tasks/:id/cancel': 400,
};

const NAMES_OF_NOTHING = [
  'nonsense',
  '..%2f..%2fetc%2fpasswd',
  '%2e%2e%2f%2e%2e%2fdata',
  '....//....//etc'.replaceAll('/', '%2f'),
  '..%5c..%5cwindows',
  '%252e%252e%252f',
  "'%20OR%20'1'='1",
  '%25',
  '_'.repeat(30),
  'a'.repeat(60),
  '%F0%9F%90%88',
  '%00',
  'constructor',
  '__proto__',
];

describe.each(owned)('%s', (_name, trait, subject) => {
  it('gives one and the same answer for what is not there, not yours, and gone', async () => {
    await using test = await testApp();
    const hers = await subject.own(test);
    const gone = await subject.gone(test);
    const before = await subject.look(test, hers);
    const cases = [
      ['not there', subject.never, test.alice],
      ['not there', subject.never, test.bob],
      ['other owner', hers, test.bob],
      ['other owner', hers.toUpperCase(), test.bob],
      ['other owner', `${hers}%20`, test.bob],
      ...gone.map((id) => ['gone', id, test.alice] as const),
      ...NAMES_OF_NOTHING.map((id) => ['name of nothing', id, test.alice] as const),
    ] as const;
    for (const method of methodsOf(trait)) {
      const answers = new Set<string>();
      for (const [column, id, key] of cases) {
        const answer = await askRoute(test, trait, id, bearer(key), method);
        expect(answer.statusCode, `${method} ${id}`).toBe(NOT_THERE[nameOf(trait)] ?? 404);
        answers.add(bytesOf(answer, decodeURIComponent(id)));
        cell(column);
      }
      expect([...answers].slice(1)).toEqual([]);
    }
    expect(await subject.look(test, hers)).toEqual(before);
  });
});
