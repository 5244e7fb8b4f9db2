import { openDataFolder } from './data-folder.ts';

/** A process of its own that opens the folder it is told, says so, and holds it until its input ends. */
const folder = process.argv[2] ?? '';
try {
  const opened = await openDataFolder(folder);
  process.stdout.write('opened\n');
  process.stdin.resume();
  process.stdin.once('end', () => void opened.close());
} catch (error) {
  process.stdout.write(`${error instanceof Error ? error.message : String(error)}\n`);
}
