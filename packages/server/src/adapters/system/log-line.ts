/** A log entry as pino writes it. */
export interface LogEntry extends Readonly<Record<string, unknown>> {
  readonly level: string;
  readonly time: string;
  readonly message: string;
}

/** Anything a terminal would act on, and anything that would forge a second line. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

/**
 * One entry as one line for a person: `12:03:11 info  message key=value`. Only an entry of level `error`, which is
 * always a bug or worse, brings its stack along on lines of its own.
 */
export function logLine(entry: LogEntry): string {
  const { level, time, message, ...facts } = entry;
  const words = [clockTime(time), level.padEnd(5), escaped(message)];
  for (const [name, value] of Object.entries(facts)) words.push(`${escaped(name)}=${showValue(value)}`);
  const stack = level === 'error' ? findStack(facts) : undefined;
  return `${words.join(' ')}\n${stack === undefined ? '' : `${indented(stack)}\n`}`;
}

function clockTime(iso: string): string {
  const time = new Date(iso);
  return [time.getHours(), time.getMinutes(), time.getSeconds()].map((part) => String(part).padStart(2, '0')).join(':');
}

function showValue(value: unknown): string {
  if (typeof value === 'string') return /^[^\s"=\\]+$/.test(value) ? escaped(value) : escaped(JSON.stringify(value));
  if (isError(value)) return escaped(JSON.stringify(errorSentence(value)));
  return escaped(JSON.stringify(value) ?? '');
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
    .map((line) => `         ${escaped(line.trim())}`)
    .join('\n');
}

function escaped(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
