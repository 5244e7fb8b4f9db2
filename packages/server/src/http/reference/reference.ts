import { hash } from 'node:crypto';
import { z } from 'zod';
import type { AppParts } from '../parts.ts';
import type { Route } from '../route.ts';
import { examplesOf } from './examples.ts';
import { STYLE } from './style.ts';

/** Any place in the document; a text is read with `String`. */
interface Node {
  readonly [name: string]: Node;
}

/** The style is allowed by its own hash; nothing is loaded from anywhere and nothing runs. */
const CSP = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * `/docs`: the description as a page for people, in one file.
 *
 * @param describe the OpenAPI document at an address
 */
export function referenceRoute(
  described: readonly Route[],
  parts: AppParts,
  describe: (base: string) => unknown,
): Route {
  let built: { readonly base: string; readonly html: string } | undefined;
  return {
    method: 'GET',
    path: '/docs',
    access: 'open',
    dialect: null,
    body: 'none',
    doc: {
      id: 'getReference',
      summary: 'The reference as a page',
      answers: { 200: { description: 'HTML.', content: { 'text/html': { schema: z.string() } } } },
      faults: [],
    },
    answer(_request, reply) {
      const base = parts.publicUrl().replace(/\/+$/, '');
      if (built?.base !== base) built = { base, html: page(describe(base) as Node, described, base) };
      reply.headers({
        'content-security-policy': CSP,
        'cross-origin-opener-policy': 'same-origin',
        'cache-control': 'public, max-age=300',
      });
      return reply.type('text/html; charset=utf-8').send(built.html);
    },
  };
}

function page(document: Node, routes: readonly Route[], base: string): string {
  const operations = routes.map((route) => {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    return { route, path, node: document['paths']?.[path]?.[route.method.toLowerCase()] ?? ({} as Node) };
  });
  const groups = [...Map.groupBy(operations, ({ node }) => String(node['tags']?.[0] ?? 'Other'))];
  const links = groups.map(
    ([name, group]) =>
      `<li><b>${plain(name)}</b><ul>${group.map(({ route, path }) => `<li><a href="#${route.doc.id}"><code>${route.method}</code> ${plain(path)}</a></li>`).join('')}</ul></li>`,
  );
  const sections = groups.map(
    ([name, group]) =>
      `<section><h2>${plain(name)}</h2>${group.map(({ route, path, node }) => operation(route, path, node, document, base)).join('')}</section>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbetween API reference</title>
<style>${STYLE}</style>
</head>
<body>
<nav aria-label="Calls"><a href="/">Inbetween</a><ul>${links.join('')}</ul></nav>
<main>
<h1>API reference</h1>
<p>Two pictures in, the video between them out. Address <code>${plain(base)}</code>; send a key of this server as
<code>Authorization: Bearer &lt;key&gt;</code>. The same as <a href="/openapi.json">OpenAPI</a>.</p>
${sections.join('\n')}
</main>
</body>
</html>
`;
}

function operation(route: Route, path: string, node: Node, document: Node, base: string): string {
  const examples = examplesOf(route, base);
  const tabs =
    examples === undefined
      ? ''
      : Object.entries({ curl: examples.curl, TypeScript: examples.typescript, Python: examples.python })
          .map(
            ([name, text], n) =>
              `<details${n === 0 ? ' open' : ''}><summary>${name}</summary><pre><code>${plain(text)}</code></pre></details>`,
          )
          .join('');
  const who =
    route.access === 'open'
      ? 'Needs no key.'
      : `Needs ${route.access === 'signed' ? 'a key that may <code>videos:read</code>, or a signed address' : `a key that may <code>${route.access}</code>`}.`;
  return `<article id="${route.doc.id}">
<h3><code class="method">${route.method}</code> <code>${plain(path)}</code></h3>
<p><b>${words(route.doc.summary.replace(/([^.?])$/, '$1.'))}</b> ${words(route.doc.description ?? '')} ${who}</p>
${parameters(node)}${bodies(node, document)}${answers(node, document)}${tabs}
</article>`;
}

function parameters(node: Node): string {
  const all = Object.values(node['parameters'] ?? {});
  if (all.length === 0) return '';
  const rows = all.map((each) =>
    row(
      String(each['name']),
      `${String(each['in'])}${String(each['required']) === 'true' ? ', required' : ''}`,
      each['schema'],
      each['description'],
    ),
  );
  return table('Parameters', rows);
}

function bodies(node: Node, document: Node): string {
  const content = node['requestBody']?.['content'];
  if (content === undefined) return '';
  const [type, body] = Object.entries(content)[0] ?? [];
  const schema = resolved(body?.['schema'], document);
  const required = Object.values(schema?.['required'] ?? {}).map(String);
  const rows = Object.entries(schema?.['properties'] ?? {}).map(([name, field]) =>
    row(name, required.includes(name) ? 'required' : '', field, field['description']),
  );
  const also = Object.keys(content).slice(1).join(', ');
  return table(`Body: ${type ?? ''}${also === '' ? '' : ` (or ${also})`}`, rows);
}

function answers(node: Node, document: Node): string {
  const rows = Object.entries(node['responses'] ?? {}).map(([status, answer]) => {
    const json = answer['content']?.['application/json']?.['schema'];
    const fields = Number(status) < 300 ? Object.keys(resolved(json, document)?.['properties'] ?? {}) : [];
    const list =
      fields.length === 0 ? '' : ` <small>${fields.map((field) => `<code>${plain(field)}</code>`).join(' ')}</small>`;
    return `<tr><td><code>${status}</code></td><td>${words(String(answer['description'] ?? ''))}${list}</td></tr>`;
  });
  return table('Answers', rows);
}

function row(name: string, place: string, schema: Node | undefined, description: unknown): string {
  const limits = ['enum', 'default', 'minimum', 'maximum', 'minItems', 'maxItems', 'maxLength']
    .filter((key) => schema?.[key] !== undefined)
    .map((key) => `${key} ${JSON.stringify(schema?.[key])}`)
    .join(', ');
  const type = String(schema?.['type'] ?? '');
  const facts = [place, type, limits].filter((fact) => fact !== '').join('; ');
  return `<tr><td><code>${plain(name)}</code><br><small>${plain(facts)}</small></td><td>${words(String(description ?? ''))}</td></tr>`;
}

function table(title: string, rows: readonly string[]): string {
  return `<h4>${plain(title)}</h4><div class="wide"><table>${rows.join('')}</table></div>`;
}

function resolved(schema: Node | undefined, document: Node): Node | undefined {
  const name = /^#\/components\/schemas\/(.+)$/.exec(String(schema?.['$ref'] ?? ''))?.[1];
  return name === undefined ? schema : document['components']?.['schemas']?.[name];
}

function plain(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Text with code between backquotes. */
function words(text: string): string {
  return plain(text).replace(/`([^`]+)`/g, '<code>$1</code>');
}
