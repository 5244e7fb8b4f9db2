import { duration, either, type Parser, word } from '../parser.ts';
import { setting } from '../setting.ts';

/** Some of these names, or `none`. */
function names<const Name extends string>(...known: readonly Name[]): Parser<readonly Name[]> {
  return {
    allowed: `${known.join(', ')} separated by commas, or none`,
    read(text) {
      if (text.trim().toLowerCase() === 'none') return { value: [] };
      const found = text.split(',').map((part) => known.find((name) => name === part.trim().toLowerCase()));
      return found.every((name) => name !== undefined) ? { value: [...new Set(found)] } : undefined;
    },
  };
}

const aliases: Parser<Readonly<Record<string, string>>> = {
  allowed: 'name=model pairs separated by commas, or none',
  read(text) {
    if (text.trim().toLowerCase() === 'none') return { value: {} };
    const pairs = text.split(',').map((part) => /^\s*([\w.:/-]{1,80})\s*=\s*([\w.:/-]{1,80})\s*$/.exec(part));
    if (pairs.some((pair) => pair === null)) return undefined;
    return { value: Object.fromEntries(pairs.map((pair) => [pair?.[1] ?? '', pair?.[2] ?? ''])) };
  },
};

/** Wire languages, and what callers leave with us. */
export const CLIENT_SETTINGS = {
  fileTtl: setting({
    group: 'Life of a video',
    parser: either(word('never', undefined), duration('1m', '36500d')),
    fallback: 'never',
    description:
      'When an uploaded file is removed, unless its upload said so itself. Videos made from it keep copies of their own.',
    example: '30d',
  }),
  dialects: setting({
    group: 'Server',
    parser: names('openai', 'dashscope', 'openrouter'),
    fallback: 'openai,dashscope,openrouter',
    description:
      'Wire languages served beside the native one, separated by commas, or `none`: `openai` at `/openai/v1`, `dashscope` at its own `/api/v1`, `openrouter` at `/openrouter/api/v1`.',
    example: 'openai',
    short: false,
  }),
  modelAliases: setting({
    group: 'Server',
    parser: aliases,
    fallback: 'none',
    description:
      'Names for models in the OpenAI and OpenRouter dialects, for programs whose model is fixed: `name=model`, separated by commas. `none`: no other names.',
    example: 'sora-2=wan2.2-kf2v-flash',
    short: false,
  }),
} as const;
