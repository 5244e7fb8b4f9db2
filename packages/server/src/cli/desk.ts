import { startProblem } from '../compose/start-problem.ts';
import type { Config } from '../config/config.ts';
import { CommandFailure } from './console.ts';
import { settle } from './settings.ts';

/** Flags of every command that works on a data folder, or on the database that its settings name. */
export const deskArgs = {
  'data-dir': {
    type: 'string',
    description: "The server's data folder (INBETWEEN_DATA_DIR, default ./data); the server may be running",
    valueHint: 'folder',
  },
  json: { type: 'boolean', description: 'Print JSON' },
} as const;

/**
 * Opens a desk for one piece of work and closes it, however the work ends.
 * @throws CommandFailure with a sentence, when it cannot be opened
 */
export function atDeskOf<Desk extends { close(): Promise<void> }>(open: (config: Config) => Promise<Desk>) {
  return async <T>(folder: string | undefined, work: (desk: Desk) => Promise<T>): Promise<T> => {
    const config = await settle({ dataDir: folder });
    const desk = await open(config).catch((error: unknown) => {
      const problem = startProblem(error);
      throw problem === undefined ? error : new CommandFailure(problem);
    });
    try {
      return await work(desk);
    } finally {
      await desk.close();
    }
  };
}

/** @throws CommandFailure with the problem's sentence */
export function orFail<T extends object>(answer: T | { readonly problem: string }, exitCode = 1): T {
  if ('problem' in answer) throw new CommandFailure(answer.problem, exitCode);
  return answer;
}
