import type { RunningServer } from '../compose/server.ts';

/**
 * What a person sees after the start: where it listens, the first key once, and a curl line that works when pasted.
 *
 * @param options `ownKey`: the operator gave a key in INBETWEEN_API_KEY
 */
export function welcome(
  server: RunningServer,
  { terminal, ownKey }: { readonly terminal: boolean; readonly ownKey: boolean },
): string {
  const { url, firstKey, routes, lanes } = server;
  if (url === undefined) return `Inbetween works (${lanes.join(', ')})\n`;
  const lines = [`Inbetween listens on ${url}`, ''];
  for (const { model, backends } of routes) {
    const names = backends.map(({ name, billed }) => `${name} (${billed ? 'billed' : 'local'})`);
    lines.push(`  ${model}  →  ${names.join(', then ')}`);
  }
  lines.push('');
  if (firstKey !== undefined) {
    if (terminal) lines.push(`Your first API key, shown this once:  ${firstKey.secret}`);
    else lines.push(`Your first API key is in ${firstKey.path} (readable by you only).`);
    lines.push('');
  } else if (!ownKey) {
    lines.push('Put a key into INBETWEEN_API_KEY; "npx --no-install inbetween keys create" makes another one.', '');
  }
  // In single quotes for the shell, so that any folder's name survives being pasted.
  const quoted = `'${firstKey?.path.replaceAll("'", `'\\''`)}'`;
  const key = firstKey === undefined ? '$INBETWEEN_API_KEY' : terminal ? firstKey.secret : `$(cat ${quoted})`;
  lines.push('Make a video:', '', server.curl(key), '');
  return lines.join('\n');
}
