import { defineCommand } from 'citty';
import { migrateDatabase } from '../compose/migrate.ts';
import { startProblem } from '../compose/start-problem.ts';
import { CommandFailure, say } from './console.ts';
import { settle } from './settings.ts';

/** `inbetween migrate`: brings the PostgreSQL database up to date, once per release and before the new processes. */
export const migrateCommand = defineCommand({
  meta: {
    name: 'migrate',
    description: 'Brings the database of DATABASE_URL up to date; processes of the release before may go on meanwhile.',
  },
  args: { json: { type: 'boolean', description: 'Print JSON' } },
  async run({ args }) {
    const config = await settle({});
    if (config.postgres === undefined)
      throw new CommandFailure(
        'Set DATABASE_URL to the PostgreSQL database. The SQLite file of "inbetween serve" is brought up to date when it starts.',
        2,
      );
    const { from, to } = await migrateDatabase(config.postgres).catch((error: unknown) => {
      const problem = startProblem(error);
      throw problem === undefined ? error : new CommandFailure(problem);
    });
    if (args.json) say.json({ from, to });
    else if (from === to) say.note(`The database is up to date (schema version ${to}).`);
    else say.note(`Brought the database from schema version ${from} to ${to}.`);
  },
});
