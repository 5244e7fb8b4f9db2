import { z } from 'zod';
import { SETTING_KEYS, SETTINGS } from '../settings.ts';
import { sections } from './schema.ts';

/** The JSON schema of the configuration file, for editors; made from the schemas that check it. */
export function fileSchema(): string {
  const settings = Object.fromEntries(
    SETTING_KEYS.filter((key) => key !== 'config' && !SETTINGS[key].secret).map((key) => {
      const { description, parser } = SETTINGS[key];
      return [key, z.union([z.string(), z.number()]).optional().describe(`${description} Allowed: ${parser.allowed}.`)];
    }),
  );
  const schema = z.toJSONSchema(z.strictObject({ ...sections, ...settings }), { io: 'input' });
  return `${JSON.stringify({ title: 'Configuration of Inbetween', ...schema }, undefined, 2)}\n`;
}
