import type { DeletedVideo, ListObject, ModelList, ModelObject, VideoObject, VideoQuote } from '@inbetween/client';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../../../domain/fault.ts';
import { readVideoId } from '../../../domain/id.ts';
import type { PostedBody } from '../../bodies.ts';
import { sendContent } from '../../content.ts';
import { echo, unsupportedType } from '../../errors.ts';
import { createEventStreams } from '../../event-stream.ts';
import { readForm } from '../../form.ts';
import type { AppParts } from '../../parts.ts';
import type { Route } from '../../route.ts';
import { read } from '../../validation.ts';
import { contentPath, EVENTS, eventsPath } from '../../video-addresses.ts';
import { createWaiters } from '../../waiters.ts';
import { docs } from './docs.ts';
import { showQuote } from './quote.ts';
import { retrieve } from './retrieve.ts';
import { contentQuery, createQuery, listQuery } from './schema.ts';
import { surroundings } from './surroundings.ts';
import { readCreate, showList, showModel, showVideo } from './translate.ts';

const native = { dialect: 'powertokens', body: 'none' } as const;

/** The native dialect: the API page this project implements, and the rows of the design beside it. */
export function powertokensRoutes(parts: AppParts): readonly Route[] {
  const since = parts.clock.now();
  const { videos } = parts;
  const around = surroundings(parts);
  const waiters = createWaiters(parts.limits.waiters);
  const streams = createEventStreams(waiters, parts.timeouts);

  return [
    {
      ...native,
      method: 'POST',
      path: '/v1/videos',
      access: 'videos:create',
      body: 'posted',
      doc: docs.create,
      async answer(request, reply, caller): Promise<VideoObject | VideoQuote> {
        const dry = read(createQuery, request.query).dry_run === 'true';
        const ask = await readAsk(request);
        if (dry) return showQuote(await videos.quote(caller, ask, whileListening(reply)));
        const { video, replayed } = await videos.submit(caller, ask);
        reply.header('location', `/v1/videos/${video.id}`);
        if (replayed) reply.header('idempotency-replayed', 'true');
        return showVideo(video, around);
      },
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/videos',
      access: 'videos:read',
      doc: docs.list,
      async answer(request, _reply, caller): Promise<ListObject<VideoObject>> {
        const { items, hasMore } = await videos.list(caller, readPage(request.query));
        return showList(items, hasMore, around);
      },
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/videos/:id',
      access: 'videos:read',
      doc: docs.retrieve,
      answer: (request, reply, caller) =>
        retrieve(parts, around, waiters, request, reply, caller, named(request, 'id')),
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/videos/:id/events',
      access: 'signed',
      doc: docs.events,
      verify(request) {
        parts.signer.verify(eventsPath(named(request, 'id')), EVENTS, request.query ?? {}, parts.clock.now());
      },
      answer: (request, reply, caller) =>
        streams.answer(
          request,
          reply,
          (listener) => videos.watch(caller, named(request, 'id'), listener),
          async (video) => showVideo(video, { ...around, place: await videos.place(video) }),
        ),
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/videos/:id/content',
      access: 'signed',
      doc: docs.content,
      verify(request) {
        const { variant } = read(contentQuery, request.query);
        parts.signer.verify(contentPath(named(request, 'id')), variant, request.query ?? {}, parts.clock.now());
      },
      async answer(request, reply, caller) {
        const { variant } = read(contentQuery, request.query);
        const content = await videos.content(caller, named(request, 'id'), variant);
        return sendContent(request, reply, content, variant, parts.log);
      },
    },
    {
      ...native,
      method: 'POST',
      path: '/v1/videos/:id/cancel',
      access: 'videos:create',
      body: 'ignored',
      doc: docs.cancel,
      async answer(request, _reply, caller): Promise<VideoObject> {
        return showVideo(await videos.cancel(caller, named(request, 'id')), around);
      },
    },
    {
      ...native,
      method: 'DELETE',
      path: '/v1/videos/:id',
      access: 'videos:delete',
      body: 'ignored',
      doc: docs.delete,
      async answer(request, _reply, caller): Promise<DeletedVideo> {
        const id = named(request, 'id');
        await videos.delete(caller, id);
        return { id, object: 'video.deleted', deleted: true };
      },
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/models',
      access: 'videos:read',
      doc: docs.models,
      answer: (): ModelList => ({
        object: 'list',
        data: parts.models().map((status) => showModel(status, since, parts.prices)),
      }),
    },
    {
      ...native,
      method: 'GET',
      path: '/v1/models/:name',
      access: 'videos:read',
      doc: docs.model,
      answer(request): ModelObject {
        const name = named(request, 'name');
        const status = parts.models().find(({ model }) => model.name === name);
        if (status !== undefined) return showModel(status, since, parts.prices);
        const known = parts.models().map(({ model }) => model.name);
        throw new Fault('not_found', `There is no model "${echo(name)}". There are: ${known.join(', ')}.`, {
          param: 'name',
        });
      },
    },
  ];
}

/** Aborts when the caller has gone, so that nothing is fetched or decoded for nobody. */
function whileListening(reply: FastifyReply): AbortSignal {
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  return gone.signal;
}

async function readAsk(request: FastifyRequest): Promise<ReturnType<typeof readCreate>> {
  const body = request.body as PostedBody | undefined;
  if (body === undefined) throw unsupportedType('The request has no body.');
  const header = request.headers['idempotency-key'];
  const key = Array.isArray(header) ? header.join(', ') : header;
  const simulate = request.headers['x-inbetween-simulate'];
  const ask =
    body.kind === 'json' ? readCreate(body.value, 'json', key) : readCreate(await readForm(body.form), 'form', key);
  return simulate === undefined ? ask : { ...ask, simulate: String(simulate) };
}

type Page = Parameters<AppParts['videos']['list']>[1];

function readPage(query: unknown): Page {
  const { limit, after, order, status, model, tag } = read(listQuery, query);
  const cursor = after === undefined ? undefined : readVideoId(after);
  if (after !== undefined && cursor === undefined) {
    throw new Fault('invalid_request', `after: there is no video "${echo(after)}".`, { param: 'after' });
  }
  const colon = tag?.indexOf(':') ?? -1;
  return {
    limit: Number(limit),
    order,
    after: cursor,
    status,
    model,
    tag: tag === undefined ? undefined : { key: tag.slice(0, colon), value: tag.slice(colon + 1) },
  };
}

function named(request: FastifyRequest, name: 'id' | 'name'): string {
  return (request.params as Readonly<Record<string, string>>)[name] ?? '';
}
