/** The wire languages. */
export type DialectName = 'powertokens' | 'openai' | 'dashscope' | 'openrouter';
