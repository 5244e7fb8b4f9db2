import { describe, expect, it } from 'vitest';
import { testApp } from './app.fixture.ts';
import { videoObject } from './dialects/powertokens/objects.ts';
import { createVideoBody } from './dialects/powertokens/schema.ts';
import { allRoutes } from './routes.ts';

type Node = { readonly [key: string]: Node } & { readonly $ref?: string };

async function description() {
  await using test = await testApp();
  const answer = await test.app.inject({ url: '/openapi.json' });
  expect(answer.statusCode).toBe(200);
  return { document: answer.json<Node>(), text: answer.body, routes: allRoutes(test.parts) };
}

describe('/openapi.json', () => {
  it('describes every route, its key, and its errors', async () => {
    const { document, routes } = await description();
    expect(document['openapi']).toBe('3.1.0');
    const operations = Object.entries(document['paths'] ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(operations.toSorted()).toEqual(
      routes.map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`).toSorted(),
    );
    for (const route of routes) {
      const operation = document['paths']?.[route.path.replace(/:(\w+)/g, '{$1}')]?.[route.method.toLowerCase()];
      expect(operation?.['security'], route.path).toEqual(
        route.access === 'open' ? [] : expect.arrayContaining([{ bearer: [] }]),
      );
      expect(operation?.['responses']).toHaveProperty('500');
      if (route.access !== 'open') expect(operation?.['responses']).toHaveProperty('401');
      for (const name of route.path.match(/(?<=:)\w+/g) ?? []) {
        expect(operation?.['parameters']).toContainEqual(expect.objectContaining({ name, in: 'path', required: true }));
      }
    }
    const ids = routes.map((route) => route.doc.id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("describes each dialect's own errors", async () => {
    const { document, routes } = await description();
    const names = { openai: 'Error', powertokens: 'Error', dashscope: 'DashScopeError', openrouter: 'OpenRouterError' };
    for (const { path, method, dialect, doc } of routes) {
      const operation = document['paths']?.[path.replace(/:(\w+)/g, '{$1}')]?.[method.toLowerCase()];
      const responses = Object.entries((operation?.['responses'] ?? {}) as Readonly<Record<string, Node>>);
      const envelopes = responses
        .filter(([status]) => !Object.hasOwn(doc.answers, status))
        .map(([, response]) => response['content']?.['application/json']?.['schema']?.$ref);
      const name = dialect === null ? 'Error' : names[dialect];
      expect(new Set(envelopes), path).toEqual(new Set([`#/components/schemas/${name}`]));
    }
    const task = document['paths']?.['/api/v1/tasks/{id}']?.['get']?.['responses'];
    expect(task?.['401']?.['description']).toBe('`InvalidApiKey`');
  });

  it('refers to nothing that is not there', async () => {
    const { document, text } = await description();
    const names = [...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g)].map((match) => match[1] ?? '');
    expect(names).toContain('Video');
    for (const name of names) expect(document['components']?.['schemas']).toHaveProperty(name);
    expect(text).not.toContain('$defs');
  });

  it('documents the limits that are held', async () => {
    const { document } = await description();
    const fields = document['components']?.['schemas']?.['CreateVideo'];
    expect(fields?.['required']).toEqual(['model', 'images']);
    expect(fields?.['properties']).toMatchObject({
      model: { enum: ['wan2.2-kf2v-flash', 'wan2.1-kf2v-plus'] },
      images: { minItems: 2, maxItems: 2, items: { type: 'string' } },
      prompt: { maxLength: 800 },
      negative_prompt: { maxLength: 500 },
      seconds: { default: '5', enum: ['5', 5] },
      size: { default: '720P', enum: ['480P', '720P', '1080P'] },
      prompt_extend: { type: 'boolean', default: true },
      watermark: { type: 'boolean', default: false },
      seed: { type: 'integer', minimum: 0, maximum: 2_147_483_647 },
    });
    const list = document['paths']?.['/v1/videos']?.['get']?.['parameters'] as unknown as readonly Node[];
    expect(list.find((parameter) => String(parameter['name']) === 'limit')?.['schema']).toEqual({
      type: 'integer',
      minimum: 1,
      maximum: 100,
      default: 20,
    });
  });

  it('has examples that its own schemas accept', async () => {
    const { document } = await description();
    const content = document['paths']?.['/v1/videos']?.['post']?.['requestBody']?.['content']?.['application/json'];
    const bodies = Object.values(content?.['examples'] ?? {}) as readonly Node[];
    expect(bodies.length).toBeGreaterThan(0);
    for (const body of bodies) createVideoBody.parse(body['value']);
    const videos = Object.values(document['components']?.['schemas']?.['Video']?.['examples'] ?? {});
    expect(videos).toHaveLength(1);
    for (const video of videos) videoObject.parse(video);
  });
});
