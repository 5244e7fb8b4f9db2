import { flagName, GROUPS, longName, type Setting, shortName } from './setting.ts';
import { SETTING_KEYS, SETTINGS, type SettingKey } from './settings.ts';

const HEAD = `# Configuration

<!-- Made by scripts/write-docs.ts from packages/server/src/config/settings.ts: change it there, then run \`npm run docs\`. -->

A setting comes from, in this order: a flag (\`--port 9000\`), the environment, the YAML or JSON file that \`INBETWEEN_CONFIG\` names (or \`inbetween.yaml\` in the working folder), its default. Every setting can be written with \`INBETWEEN_\` in front (\`INBETWEEN_PORT\`), which wins over the short name; an empty variable counts as unset. All mistakes are told at once when the server starts, and an unknown \`INBETWEEN_…\` variable is warned of.

Times are written \`500ms\`, \`90s\`, \`15m\`, \`24h\`, \`30d\`; sizes \`512KiB\`, \`28MiB\`, \`2GiB\`. Secrets are read from the environment only.
`;

/** The reference page of all settings. */
export function configurationMarkdown(): string {
  const sections = GROUPS.map((group) => {
    const rows = SETTING_KEYS.filter((key) => SETTINGS[key].group === group).map(row);
    return [`## ${group}`, '', '| Variable | Default | Meaning | Example |', '| --- | --- | --- | --- |', ...rows, ''];
  });
  return [HEAD, ...sections.flat()].join('\n');
}

function row(key: SettingKey): string {
  const declared: Setting<unknown> = SETTINGS[key];
  const names = [declared.short ? shortName(key) : longName(key), ...(declared.secret ? [] : [`--${flagName(key)}`])];
  const cells = [
    names.map(code).join(' '),
    showDefault(declared),
    `${declared.description} Allowed: ${declared.parser.allowed}.`,
    code(declared.example),
  ];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}

function showDefault({ fallback, unset }: Setting<unknown>): string {
  if (fallback === undefined) return `unset: ${unset ?? ''}`;
  return fallback === '' ? 'empty' : code(fallback);
}

function code(text: string): string {
  return text.startsWith('(') ? text : `\`${text}\``;
}
