import { z } from 'zod';
import type { FaultCode } from '../domain/fault.ts';
import type { DialectName } from './dialect-name.ts';
import type { ErrorWords } from './error-words.ts';
import { NATIVE_ERRORS } from './errors.ts';
import type { AppParts } from './parts.ts';
import type { AnswerDoc, Route, RouteDoc } from './route.ts';

type Json = Record<string, unknown>;

/** `/openapi.json`: built from the schemas that validate and from the table of routes, so it cannot tell otherwise. */
export function openapiRoute(described: readonly Route[], parts: AppParts): Route {
  let built: { readonly base: string; readonly text: string } | undefined;
  const route: Route = {
    method: 'GET',
    path: '/openapi.json',
    access: 'open',
    dialect: null,
    body: 'none',
    doc: {
      id: 'getOpenApi',
      summary: 'This description',
      answers: { 200: { description: 'OpenAPI 3.1.', content: { 'application/json': { schema: z.looseObject({}) } } } },
      faults: [],
    },
    answer(_request, reply) {
      const base = parts.publicUrl();
      if (built?.base !== base) {
        built = { base, text: JSON.stringify(describe([...described, route], base, parts)) };
      }
      return reply.header('cache-control', 'public, max-age=300').type('application/json').send(built.text);
    },
  };
  return route;
}

/** The OpenAPI document of the routes. */
export function describe(routes: readonly Route[], base: string, parts: AppParts): Json {
  const components = new Map<string, unknown>();
  const paths: Record<string, Json> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [route.method.toLowerCase()]: operation(route, components) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Inbetween',
      version: parts.version,
      description: `Turns two pictures into the video between them.\n\n\`\`\`sh\n${parts.examples.curl(base)}\n\`\`\``,
    },
    servers: [{ url: base }],
    security: [{ bearer: [] }],
    paths,
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'An API key of this server.' },
        signature: { type: 'apiKey', in: 'query', name: 'sig', description: 'A signed address, as given in `url`.' },
      },
      schemas: Object.fromEntries([...components].sort(([a], [b]) => (a < b ? -1 : 1))),
    },
  };
}

/** How the routes are grouped. */
const GROUPS = {
  server: 'Server',
  powertokens: 'Native API',
  openai: 'OpenAI dialect',
  dashscope: 'DashScope dialect',
  openrouter: 'OpenRouter dialect',
} as const satisfies Record<DialectName | 'server', string>;

/** Faults that any route with a key may answer, and any route at all. */
const WITH_KEY: readonly FaultCode[] = ['missing_api_key', 'invalid_api_key', 'insufficient_scope'];
const ALWAYS: readonly FaultCode[] = ['internal_error', 'shutting_down'];

function operation({ doc, access, dialect, errors = NATIVE_ERRORS }: Route, components: Map<string, unknown>): Json {
  const faults = [...doc.faults, ...(access === 'open' ? [] : WITH_KEY), ...ALWAYS];
  const successes = Object.entries(doc.answers).map(([status, answer]) => [status, success(answer, components)]);
  return {
    operationId: doc.id,
    tags: [GROUPS[dialect ?? 'server']],
    summary: doc.summary,
    ...(doc.description === undefined ? {} : { description: doc.description }),
    security: access === 'open' ? [] : access === 'signed' ? [{ bearer: [] }, { signature: [] }] : [{ bearer: [] }],
    ...parameters(doc, components),
    ...(doc.body === undefined ? {} : { requestBody: { required: true, content: bodies(doc.body, components) } }),
    responses: { ...failures(faults, errors, components), ...Object.fromEntries(successes) },
  };
}

function parameters(doc: RouteDoc, components: Map<string, unknown>): Json {
  const places = { path: doc.path, query: doc.query, header: doc.headers };
  const all = Object.entries(places).flatMap(([place, schema]) =>
    Object.entries(schema?.shape ?? {}).map(([name, field]) => {
      const { description, ...rest } = schemaOf(field as z.ZodType, 'input', components);
      return {
        name,
        in: place,
        required: place === 'path',
        ...(description === undefined ? {} : { description }),
        schema: rest,
      };
    }),
  );
  return all.length === 0 ? {} : { parameters: all };
}

function bodies(body: NonNullable<RouteDoc['body']>, components: Map<string, unknown>): Json {
  return Object.fromEntries(
    Object.entries(body).map(([type, { schema, examples }]) => [
      type,
      {
        schema: schemaOf(schema, 'input', components),
        ...(examples === undefined
          ? {}
          : { examples: Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, { value }])) }),
      },
    ]),
  );
}

function success({ description, content, headers }: AnswerDoc, components: Map<string, unknown>): Json {
  return {
    description,
    ...(headers === undefined
      ? {}
      : {
          headers: Object.fromEntries(
            Object.entries(headers).map(([name, text]) => [name, { description: text, schema: { type: 'string' } }]),
          ),
        }),
    ...(content === undefined
      ? {}
      : {
          content: Object.fromEntries(
            Object.entries(content).map(([type, { schema }]) => [
              type,
              schema === 'binary' ? {} : { schema: schemaOf(schema, 'output', components) },
            ]),
          ),
        }),
  };
}

/** One response for each status, naming the words it may carry. */
function failures(codes: readonly FaultCode[], errors: ErrorWords, components: Map<string, unknown>): Json {
  const byStatus = Map.groupBy(codes.map(errors.of), ({ status }) => status);
  return Object.fromEntries(
    [...byStatus].map(([status, group]) => [
      status,
      {
        description: [...new Set(group.map(({ word }) => `\`${word}\``))].join(', '),
        content: { 'application/json': { schema: schemaOf(errors.schema, 'output', components) } },
      },
    ]),
  );
}

/** A schema as JSON Schema; what has an id of its own goes to the components and is referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output', components: Map<string, unknown>): Json {
  const { $schema, $defs, ...rest } = z.toJSONSchema(schema, {
    io,
    unrepresentable: 'any',
    override({ jsonSchema }) {
      // An answer may grow a field; who checks answers against this must not stumble over it.
      if (jsonSchema.additionalProperties === false) delete jsonSchema.additionalProperties;
    },
  });
  for (const [name, definition] of Object.entries($defs ?? {})) components.set(name, referring(definition));
  return referring(rest) as Json;
}

function referring(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/'));
}
