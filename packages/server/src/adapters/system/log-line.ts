import { printableLine } from './printable.ts';

/** A log entry as pino writes it. */
export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly time: string;
  readonly message: string;
}

/**
 * One entry as one line for a person: `12:03:11 info  message key=value`. Only an entry of level `error`, which is
 * always a bug or worse, brings its stack along on lines of its own.
 */
export function logLine(entry: LogEntry): string {
  const { level, time, message, ...facts } = entry;
  const words = [clockTime(time), level.padEnd(5), printableLine(message)];
  for (const [name, value] of Object.entries(facts)) words.push(`${printableLine(name)}=${showValue(value)}`);
  const stack = level === 'error' ? findStack(facts) : undefined;
  return `${words.join(' ')}\n${stack === undefined ? '' : `${indented(stack)}\n`}`;
}

function clockTime(iso: string): string {
  const time = new Date(iso);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function showValue(value: unknown): string {
  if (typeof value === 'string')
    return /^[^\s"=\\]+$/.test(value) ? printableLine(value) : printableLine(JSON.stringify(value));
  if (isError(value)) return printableLine(JSON.stringify(errorSentence(value)));
  return printableLine(JSON.stringify(value) ?? '');
}

interface ShownError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly cause?: unknown;
}

function isError(value: unknown): value is ShownError {
  return typeof value === 'object' && value !== null && 'type' in value && 'message' in value && 'stack' in value;
}

/** `Fault: sentence ← Error: what was behind it`. */
function errorSentence(error: ShownError): string {
  const sentence = `${error.type}: ${error.message}`;
  return isError(error.cause) ? `${sentence} ← ${errorSentence(error.cause)}` : sentence;
}

function findStack(facts: object): string | undefined {
  return Object.values(facts).find(isError)?.stack;
}

function indented(stack: string): string {
  return stack
    .split('\n')
    .slice(1)
    .map((line) => `         ${printableLine(line.trim())}`)
    .join('\n');
}
