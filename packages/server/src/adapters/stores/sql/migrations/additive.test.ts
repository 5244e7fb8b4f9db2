import { describe, expect, it } from 'vitest';
import { MIGRATIONS, OLDEST_NEIGHBOUR } from './index.ts';

/**
 * A process that knows no more than the oldest neighbour's steps works on the newest schema: it names columns in what it
 * writes, so what it does not know must be there without it, and nothing that it knows may be gone or refuse it.
 */
const NEWER = MIGRATIONS.slice(OLDEST_NEIGHBOUR).flatMap((migration, n) =>
  migration({ blobType: 'bytea' }).map((statement) => [
    OLDEST_NEIGHBOUR + n + 1,
    statement.replace(/\s+/g, ' ').trim(),
  ]),
) as readonly (readonly [number, string])[];

/** Why an old process could not go on beside a statement. */
function harmOf(statement: string): string | undefined {
  if (/^create table /.test(statement) || /^create index /.test(statement) || /^drop index /.test(statement))
    return undefined;
  const column = /^alter table (\w+) add column (\w+) (.*)$/.exec(statement);
  if (column !== null)
    return / not null/.test(` ${column[3]}`) && !/ default /.test(` ${column[3]}`)
      ? 'what it inserts is refused'
      : undefined;
  // Rows of an old process do not meet the condition: they have the new column's default.
  if (/^create unique index .* where kind = 'callback'$/.test(statement)) return undefined;
  return 'takes something away, or narrows it';
}

describe('steps that processes of the release before live with', () => {
  it.each(NEWER)('%d: %s', (_, statement) => expect(harmOf(statement)).toBeUndefined());

  it('would not be these', () => {
    for (const statement of [
      'alter table video drop column turn',
      'alter table video add column must text not null',
      'alter table video rename column turn to place',
      'drop table file',
      'create unique index one_of_each on video (owner)',
      "update video set status = 'done'",
    ])
      expect(harmOf(statement), statement).toBeDefined();
  });
});
