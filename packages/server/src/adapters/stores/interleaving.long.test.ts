import { afterAll, beforeAll, describe } from 'vitest';
import { hasPostgres } from '../../../../../test/support/postgres-cluster.ts';
import { interleavingContract } from '../../ports/store-contract/interleaving.contract.ts';
import { openEmpty as openMemory } from './memory/subject.fixture.ts';
import { openSubject } from './postgres/subject.fixture.ts';
import { openEmpty as openSqlite } from './sqlite/subject.fixture.ts';

/** The random interleavings of the store contract, by other numbers than those of each change: with them, forty in all. */

describe('interleavings in memory', () => interleavingContract(openMemory));

describe('interleavings on SQLite', () => interleavingContract(openSqlite));

describe.skipIf(!hasPostgres())('interleavings on PostgreSQL', () => {
  let subject: Awaited<ReturnType<typeof openSubject>>;
  beforeAll(async () => {
    subject = await openSubject();
  }, 60_000);
  afterAll(() => subject.close());

  interleavingContract(() => subject.openEmpty());
});
