import { retryAfter } from './errors.ts';

/** How soon to look again: for everyone, and in the word that the OpenAI SDKs read. */
export function pollHeaders(ms: number): Readonly<Record<string, string>> {
  return ms <= 0 ? {} : { 'retry-after': retryAfter(ms), 'openai-poll-after-ms': String(ms) };
}
