import type { Route } from '../route.ts';

/** One call in the three languages that the reference shows. The key is read from `INBETWEEN_API_KEY`. */
export interface Examples {
  readonly curl: string;
  readonly typescript: string;
  readonly python: string;
}

/** A template literal of the reader's own. */
const KEY_IN_TYPESCRIPT = ['Authorization: `Bearer $', '{process.env.INBETWEEN_API_KEY}`'].join('');

/** What stands in the place of a part of the address. */
const PLACES: Readonly<Record<string, string>> = {
  id: 'video_06f2x0ntjrx9h4q1vwbs8m3d7k',
  file: 'file_06f2x0ntjrx9h4q1vwbs8m3d7k',
  name: 'wan2.2-kf2v-flash',
  endpoint: 'whe_06f2x0ntjrx9h4q1vwbs8m3d7k',
  delivery: 'video_06f2x0ntjrx9h4q1vwbs8m3d7k:2:whe_06f2x0ntjrx9h4q1vwbs8m3d7k',
  key: 'key_06f2x0ntjrx9h4q1vwbs8m3d7k',
  owner: 'shop',
};

/** Calls whose answer is a file or text instead of JSON. */
const TEXTS = new Set(['watchVideo', 'getMetrics', 'getLanding', 'getReference']);
const FILES: Readonly<Record<string, string>> = {
  downloadVideo: 'out.mp4',
  downloadFile: 'picture.png',
  openaiDownloadVideo: 'out.mp4',
  openrouterDownloadVideo: 'out.mp4',
  openaiDownloadFile: 'picture.png',
};
const QUERIES: Readonly<Record<string, string>> = {
  listVideos: '?limit=20',
  listUsage: '?group_by=day,model',
  dashscopeGetUploadPolicy: '?action=getPolicy',
};
/** DashScope's create is refused without this, as there. */
const ASYNC = [['X-DashScope-Async', 'enable']] as const;

interface Call {
  readonly method: string;
  readonly url: string;
  readonly headers: readonly (readonly [string, string])[];
  readonly json: unknown;
  readonly upload: boolean;
  readonly answer: 'json' | 'text' | { readonly file: string };
}

/** Examples of a call; undefined where one cannot be written down, because its address is made by another call. */
export function examplesOf(route: Route, base: string): Examples | undefined {
  const { doc, method } = route;
  const upload = doc.id === 'uploadFile' || doc.id === 'openaiUploadFile';
  const json = Object.values(doc.body?.['application/json']?.examples ?? {})[0];
  if (doc.body !== undefined && json === undefined && !upload) return undefined;
  const places = [...route.path.matchAll(/:(\w+)/g)].map(([, place = '']) => place);
  if (doc.body === undefined && route.body === 'posted') return undefined;
  if (places.some((place) => PLACES[place] === undefined)) return undefined;
  const path = route.path.replace(/:(\w+)/g, (_, place: string) => PLACES[place] ?? '');
  const file = FILES[doc.id];
  const call: Call = {
    method,
    url: `${base}${path}${QUERIES[doc.id] ?? ''}`,
    headers: route.path.endsWith('/video-synthesis') ? ASYNC : [],
    json,
    upload,
    answer: file === undefined ? (TEXTS.has(doc.id) ? 'text' : 'json') : { file },
  };
  const open = route.access === 'open';
  return { curl: curl(call, open), typescript: typescript(call, open), python: python(call, open) };
}

function curl({ method, url, headers, json, upload, answer }: Call, open: boolean): string {
  const lines = [`curl --fail-with-body${method === 'GET' ? '' : ` -X ${method}`} '${url}'`];
  if (!open) lines.push('-H "Authorization: Bearer $INBETWEEN_API_KEY"');
  for (const [name, value] of headers) lines.push(`-H '${name}: ${value}'`);
  if (json !== undefined && !upload) lines.push(`-H 'Content-Type: application/json'`, `-d '${indented(json)}'`);
  if (upload) lines.push("-F 'file=@first.png'");
  if (typeof answer === 'object') lines.push(`-o ${answer.file}`);
  return lines.join(' \\\n  ');
}

function typescript({ method, url, headers, json, upload, answer }: Call, open: boolean): string {
  const lines: string[] = [];
  if (upload || typeof answer === 'object') {
    lines.push(`import { ${upload ? 'readFile' : 'writeFile'} } from 'node:fs/promises';`, '');
  }
  if (upload) {
    lines.push(
      'const form = new FormData();',
      "form.append('file', new Blob([await readFile('first.png')]), 'first.png');",
    );
  }
  const own = [
    ...(open ? [] : [KEY_IN_TYPESCRIPT]),
    ...headers.map(([name, value]) => `'${name}': '${value}'`),
    ...(json === undefined || upload ? [] : ["'Content-Type': 'application/json'"]),
  ];
  const options = [
    ...(method === 'GET' ? [] : [`  method: '${method}',`]),
    ...(own.length === 0 ? [] : [`  headers: { ${own.join(', ')} },`]),
    ...(upload ? ['  body: form,'] : json === undefined ? [] : [`  body: JSON.stringify(${nested(json)}),`]),
  ];
  lines.push(
    options.length === 0 ? `const response = await fetch('${url}');` : `const response = await fetch('${url}', {`,
  );
  if (options.length > 0) lines.push(...options, '});');
  lines.push('if (!response.ok) throw new Error(await response.text());');
  if (typeof answer === 'object') lines.push(`await writeFile('${answer.file}', await response.bytes());`);
  else lines.push(`console.log(await response.${answer}());`);
  return lines.join('\n');
}

function python({ method, url, headers, json, upload, answer }: Call, open: boolean): string {
  const body = upload
    ? '{"file": "data:image/png;base64," + base64.b64encode(open("first.png", "rb").read()).decode()}'
    : json === undefined
      ? undefined
      : pythonValue(json, 1);
  const modules = [
    ...(upload ? ['base64'] : []),
    ...(body !== undefined || answer === 'json' ? ['json'] : []),
    ...(open ? [] : ['os']),
    'urllib.request',
  ];
  const own = [
    ...(open ? [] : ['"Authorization": f"Bearer {os.environ[\'INBETWEEN_API_KEY\']}"']),
    ...headers.map(([name, value]) => `"${name}": "${value}"`),
    ...(body === undefined ? [] : ['"Content-Type": "application/json"']),
  ];
  const lines = [
    `import ${modules.join(', ')}`,
    '',
    'request = urllib.request.Request(',
    `    "${url}",`,
    ...(method === 'GET' ? [] : [`    method="${method}",`]),
    ...(own.length === 0 ? [] : [`    headers={${own.join(', ')}},`]),
    ...(body === undefined ? [] : [`    data=json.dumps(${body}).encode(),`]),
    ')',
    'with urllib.request.urlopen(request) as response:',
  ];
  if (typeof answer === 'object') lines.push(`    open("${answer.file}", "wb").write(response.read())`);
  else lines.push(answer === 'json' ? '    print(json.load(response))' : '    print(response.read().decode())');
  return lines.join('\n');
}

function indented(json: unknown): string {
  return JSON.stringify(json, null, 2).replaceAll("'", "'\\''");
}

function nested(json: unknown): string {
  return JSON.stringify(json, null, 2).replaceAll('\n', '\n  ');
}

/** JSON is Python but for three words. */
function pythonValue(json: unknown, depth: number): string {
  const pad = '    '.repeat(depth);
  return JSON.stringify(json, null, 4)
    .replace(/: true\b/g, ': True')
    .replace(/: false\b/g, ': False')
    .replace(/: null\b/g, ': None')
    .replaceAll('\n', `\n${pad}`);
}
