import type { FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { showMoney } from '../../domain/money.ts';
import type { Owner, OwnerLimits } from '../../domain/owner.ts';
import type { LimitsAsk, OwnerState, Spell } from '../../service/owners.ts';
import { readJsonBody } from '../bodies.ts';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { unixSeconds } from '../unix-seconds.ts';
import { showBudget } from '../usage/show.ts';
import { read } from '../validation.ts';
import { actorOf } from './actor.ts';
import { docs } from './owner-docs.ts';
import { changeOwnerBody, createOwnerBody, type ownerObject, ownersQuery } from './owner-schema.ts';

const operator = { dialect: 'powertokens', body: 'none' } as const;

/** Owners and what they may have, for operators. */
export function ownerRoutes({ owners, audit, prices: { currency } }: AppParts): readonly Route[] {
  const show = ({ owner, month, account }: OwnerState) => ({
    ...showOwner(owner, currency),
    budget: showBudget(month, account, owner.limits),
  });
  return [
    {
      ...operator,
      access: 'admin',
      method: 'POST',
      path: '/v1/admin/owners',
      body: 'json',
      doc: docs.create,
      async answer(request, _reply, caller) {
        const { id, ...asked } = read(createOwnerBody, readJsonBody(request));
        const state = await owners.create(id, askOf(asked), spell);
        await audit.note(actorOf(request, caller), 'owner.created', state.owner.id, {
          limits: told(state.owner.limits),
        });
        return show(state);
      },
    },
    {
      ...operator,
      access: 'admin',
      method: 'GET',
      path: '/v1/admin/owners',
      doc: docs.list,
      async answer(request, _reply, caller) {
        const { limit, after } = read(ownersQuery, request.query);
        const { items, hasMore } = await owners.list({ limit: Number(limit), after });
        await audit.note(actorOf(request, caller), 'owners.listed', '', {});
        const data = items.map((owner) => showOwner(owner, currency));
        return {
          object: 'list',
          data,
          first_id: data[0]?.id ?? null,
          last_id: data.at(-1)?.id ?? null,
          has_more: hasMore,
        };
      },
    },
    {
      ...operator,
      access: 'admin',
      method: 'GET',
      path: '/v1/admin/owners/:owner',
      doc: docs.retrieve,
      async answer(request, _reply, caller) {
        const state = await owners.find(named(request));
        await audit.note(actorOf(request, caller), 'owners.listed', state.owner.id, {});
        return show(state);
      },
    },
    {
      ...operator,
      access: 'admin',
      method: 'POST',
      path: '/v1/admin/owners/:owner',
      body: 'json',
      doc: docs.change,
      async answer(request, _reply, caller) {
        const asked = read(changeOwnerBody, readJsonBody(request));
        const state = await owners.limit(named(request), askOf(asked), spell);
        const detail = { before: told(state.before), after: told(state.owner.limits) };
        await audit.note(actorOf(request, caller), 'owner.limited', state.owner.id, detail);
        return show(state);
      },
    },
  ];
}

function named(request: FastifyRequest): string {
  return (request.params as Readonly<Record<string, string>>)['owner'] ?? '';
}

function askOf(asked: z.output<typeof changeOwnerBody>): LimitsAsk {
  const cost = asked.monthly_cost;
  return {
    running: asked.running,
    queued: asked.queued,
    monthlySeconds: asked.monthly_seconds,
    monthlyCost: cost === undefined || cost === null ? cost : String(cost),
  };
}

/** `monthlySeconds` → `monthly_seconds`. */
const spell: Spell = (member) => member.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

function told(limits: OwnerLimits): Record<string, number> {
  return { ...limits };
}

function showOwner({ id, createdAt, limits }: Owner, currency: string): z.output<typeof ownerObject> {
  const { running, queued, monthlySeconds, monthlyMicroUnits } = limits;
  return {
    id,
    object: 'owner',
    created_at: unixSeconds(createdAt),
    running: running ?? null,
    queued: queued ?? null,
    monthly_seconds: monthlySeconds ?? null,
    monthly_cost: monthlyMicroUnits === undefined ? null : showMoney(monthlyMicroUnits),
    currency,
  };
}
