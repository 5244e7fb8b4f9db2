import type { Readable } from 'node:stream';

const MAX_LINE = 2000;
const MAX_LINES = 200;
const TAIL_LINES = 30;

/** What a child wrote, as lines. */
export interface ChildOutput {
  /** The last few lines, for the cause of a crash. */
  tail(): string;
}

/**
 * Reads a child's stdout and stderr as lines, bounded in length and number, so that a child that writes without end
 * fills neither the log nor the memory. What is beyond the bounds is read and dropped: a full pipe would block the child.
 */
export function readOutput(streams: readonly Readable[], onLine: (line: string) => void): ChildOutput {
  const last: string[] = [];
  let lines = 0;
  const take = (line: string) => {
    if (line.trim() === '') return;
    last.push(line);
    if (last.length > TAIL_LINES) last.shift();
    lines += 1;
    if (lines <= MAX_LINES) onLine(line);
    if (lines === MAX_LINES) onLine('… further output is left out');
  };
  for (const stream of streams) readLines(stream, take);
  return { tail: () => last.join('\n') };
}

function readLines(stream: Readable, take: (line: string) => void): void {
  let open = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const parts = text.split('\n');
    parts[0] = open + parts[0];
    open = (parts.pop() ?? '').slice(0, MAX_LINE);
    for (const line of parts) take(line.slice(0, MAX_LINE));
  });
  stream.on('end', () => take(open));
  // A pipe that breaks when its child is killed is nothing to tell.
  stream.on('error', () => {});
}
