import { afterAll, beforeAll, describe } from 'vitest';
import { hasPostgres } from '../../../../../../test/support/postgres-cluster.ts';
import { storeContract } from '../../../ports/store.contract.ts';
import { openSubject } from './subject.fixture.ts';

describe.skipIf(!hasPostgres())('with a PostgreSQL server', () => {
  let subject: Awaited<ReturnType<typeof openSubject>>;
  beforeAll(async () => {
    subject = await openSubject();
  }, 60_000);
  afterAll(() => subject.close());

  storeContract('postgres', () => subject.openEmpty());
});
