import { baseUrl, matching, type Parser } from '../parser.ts';
import { optional, type Setting } from '../setting.ts';

const addresses: Parser<readonly string[]> = {
  allowed: `one or more addresses separated by commas, each ${baseUrl.allowed}`,
  read(text) {
    const read = text.split(',').map((part) => baseUrl.read(part.trim()));
    const values = read.flatMap((each) => (each === undefined ? [] : [each.value]));
    return values.length === read.length ? { value: values } : undefined;
  },
};

/** The settings that route the Wan models without a file. */
export const BACKEND_SETTINGS = {
  dashscopeApiKey: optional({
    group: 'Backends',
    parser: matching(/^\S+$/, 'an API key without spaces'),
    unset: 'nothing is sent to DashScope',
    description:
      'A key of Alibaba Cloud Model Studio: the Wan models are made there, and billed there. See docs/backends.md.',
    example: '(sk-…)',
    secret: true,
  }),
  dashscopeBaseUrl: optional({
    group: 'Backends',
    parser: baseUrl,
    unset: 'the Beijing region, or what the file says',
    description: 'Where DashScope is: keys belong to one region.',
    example: 'https://dashscope-intl.aliyuncs.com',
  }),
  comfyuiUrl: optional({
    group: 'Backends',
    parser: addresses,
    unset: 'no ComfyUI is used',
    description:
      'A ComfyUI server, or several as a pool: the Wan models are made there, by a bundled graph whose model files are there. See docs/backends.md.',
    example: 'http://127.0.0.1:8188',
  }),
} as const satisfies Record<string, Setting<unknown>>;
