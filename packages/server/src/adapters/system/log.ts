import { type DestinationStream, pino, stdTimeFunctions } from 'pino';
import type { Log } from '../../ports/log.ts';
import { type LogEntry, logLine } from './log-line.ts';
import { presentable, presentableText } from './presentable.ts';

/** From much to little; each level holds the ones after it. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where lines go: standard output, or whatever a test reads. */
export interface LogStream {
  write(line: string): unknown;
  readonly isTTY?: boolean | undefined;
}

export interface LogOptions {
  readonly level: LogLevel;
  /** `auto`: one short line per entry on a terminal, JSON everywhere else. */
  readonly format: 'auto' | 'json' | 'pretty';
  readonly stream?: LogStream;
}

/** The structured log. Everything written has been made presentable first. */
export function createLog({ level, format, stream = process.stdout }: LogOptions): Log {
  const pretty = format === 'pretty' || (format === 'auto' && stream.isTTY === true);
  const destination: DestinationStream = {
    write: (line) => void stream.write(pretty ? logLine(JSON.parse(line) as LogEntry) : line),
  };
  const logger = pino(
    {
      level,
      base: null,
      messageKey: 'message',
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (name) => ({ level: name }) },
    },
    destination,
  );
  const writer = (name: 'debug' | 'info' | 'warn' | 'error') => (facts: object, message: string) => {
    if (logger.isLevelEnabled(name)) logger[name](presentable(facts), presentableText(message));
  };
  return { debug: writer('debug'), info: writer('info'), warn: writer('warn'), error: writer('error') };
}
