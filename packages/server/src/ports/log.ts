/** Structured log lines: an object of facts, then a short sentence. Never prompts, pictures, keys or URLs with queries. */
export interface Log {
  debug(facts: object, message: string): void;
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}
