import { defineCommand } from 'citty';
import { copyInstallation } from '../compose/copy.ts';
import { startProblem } from '../compose/start-problem.ts';
import { CommandFailure, say } from './console.ts';
import { settle } from './settings.ts';

/** `inbetween copy`: from one machine's data folder to PostgreSQL and S3. */
export const copyCommand = defineCommand({
  meta: {
    name: 'copy',
    description: 'Moves a data folder to PostgreSQL and S3 while no server runs; run again, it goes on where it was.',
  },
  args: {
    'data-dir': {
      type: 'string',
      description: "The server's data folder (INBETWEEN_DATA_DIR, default ./data); it is left as it is",
      valueHint: 'folder',
    },
    'to-database': {
      type: 'string',
      description: 'PostgreSQL database (DATABASE_URL, which keeps the password out of the process list)',
      valueHint: 'url',
    },
    'to-bucket': {
      type: 'string',
      description: 'Bucket (S3_BUCKET); endpoint, region and prefix as S3_ENDPOINT, S3_REGION and S3_PREFIX say',
      valueHint: 'name',
    },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const { data, postgres, s3 } = await settle({ dataDir: args['data-dir'], s3Bucket: args['to-bucket'] });
    const url = args['to-database'] ?? postgres?.url;
    if (url === undefined) throw new CommandFailure('Name the database with --to-database or DATABASE_URL.', 2);
    if (s3 === undefined) throw new CommandFailure('Name the bucket with --to-bucket or S3_BUCKET.', 2);
    const report = await copyInstallation(data.folder, url, s3, ({ table, rows, written }) => {
      if (!args.json && rows > 0) say.note(`${table}: ${rows} rows, ${rows - written} of them were there already`);
    }).catch((error: unknown) => {
      const problem = startProblem(error);
      throw problem === undefined ? error : new CommandFailure(problem);
    });
    if (args.json) return say.json(report);
    say.note(
      `Copied and compared ${report.videos} videos, ${report.rows} rows and ${report.files} files (${Math.ceil(report.bytes / 1e6)} MB). Start "inbetween serve", or "api" and "worker", with DATABASE_URL and S3_BUCKET; the data folder is not needed any more.`,
    );
  },
});
