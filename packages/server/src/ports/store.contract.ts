import { describe } from 'vitest';
import { auditContract } from './store-contract/audit.contract.ts';
import { backendsContract } from './store-contract/backends.contract.ts';
import { claimContract } from './store-contract/claim.contract.ts';
import { drainContract } from './store-contract/drain.contract.ts';
import { deadlinesContract } from './store-contract/due.contract.ts';
import { eventsContract } from './store-contract/events.contract.ts';
import { fairContract } from './store-contract/fair.contract.ts';
import { filesContract } from './store-contract/files.contract.ts';
import { insertContract } from './store-contract/insert.contract.ts';
import { interleavingContract } from './store-contract/interleaving.contract.ts';
import { keysContract } from './store-contract/keys.contract.ts';
import { ledgerContract } from './store-contract/ledger.contract.ts';
import { listContract } from './store-contract/list.contract.ts';
import { queueContract } from './store-contract/queue.contract.ts';
import { sharesContract } from './store-contract/shares.contract.ts';
import { slotContract } from './store-contract/slots.contract.ts';
import type { OpenStore } from './store-contract/subject.contract.ts';
import { swapContract } from './store-contract/swap.contract.ts';
import { webhooksContract } from './store-contract/webhooks.contract.ts';

export type { OpenedStore, OpenStore } from './store-contract/subject.contract.ts';

/** What every store must do. Each test opens a fresh one. */
export function storeContract(name: string, open: OpenStore): void {
  describe(`store contract: ${name}`, () => {
    describe('insert and find', () => insertContract(open));
    describe('list', () => listContract(open));
    describe('claim', () => claimContract(open));
    describe('slots', () => slotContract(open));
    describe('turns between owners', () => fairContract(open));
    describe('draining', () => drainContract(open));
    describe('backends and their rates', () => backendsContract(open));
    describe('swap', () => swapContract(open));
    describe('due and purge', () => deadlinesContract(open));
    describe('counts, queue position, next due', () => queueContract(open));
    describe('events', () => eventsContract(open));
    describe('files', () => filesContract(open));
    describe('the ledger', () => ledgerContract(open));
    describe('running limits', () => sharesContract(open));
    describe('owners, keys, secrets', () => keysContract(open));
    describe('audit', () => auditContract(open));
    describe('webhooks', () => webhooksContract(open));
    describe('random interleavings', () => interleavingContract(open));
  });
}
