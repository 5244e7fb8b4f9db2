import { defineCommand } from 'citty';
import { backUp } from '../compose/backup.ts';
import { CommandFailure, say } from './console.ts';
import { settle } from './settings.ts';

/** `inbetween backup`: a consistent copy of database and files, also while the server runs. */
export const backupCommand = defineCommand({
  meta: {
    name: 'backup',
    description: 'Copies database and files into a new data folder, also while the server runs.',
  },
  args: {
    to: { type: 'positional', description: 'Folder to write; it must not exist or be empty', required: true },
    'data-dir': {
      type: 'string',
      description: "The server's data folder (INBETWEEN_DATA_DIR, default ./data)",
      valueHint: 'folder',
    },
    json: { type: 'boolean', description: 'Print JSON' },
  },
  async run({ args }) {
    const config = await settle({ dataDir: args['data-dir'] });
    const report = await backUp(config.data.folder, args.to);
    if ('problem' in report) throw new CommandFailure(report.problem);
    if (args.json) say.json(report);
    else
      say.note(
        `Copied the database (${report.videos} videos) and ${report.files} files (${Math.ceil(report.bytes / 1e6)} MB) to ${report.folder}.`,
      );
    if (report.missing > 0)
      say.note(
        `${report.missing} files were deleted while the copy was made; their videos answer that they have expired.`,
      );
  },
});
