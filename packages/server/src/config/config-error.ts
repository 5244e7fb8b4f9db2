/** One thing that is wrong with the configuration. */
export interface Mistake {
  /** The name it was found under: a variable, a flag, or a key of the file. */
  readonly name: string;
  /** What was found, in words; a secret's text is never in it. */
  readonly found: string;
  /** Completes "allowed is …". */
  readonly allowed: string;
}

/** Everything that is wrong with the configuration, told at once. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly mistakes: readonly Mistake[];

  constructor(mistakes: readonly Mistake[]) {
    const lines = mistakes.map(({ name, found, allowed }) => `  ${name}: found ${found}; allowed is ${allowed}.`);
    super(['The configuration cannot be used:', ...lines].join('\n'));
    this.mistakes = mistakes;
  }
}
