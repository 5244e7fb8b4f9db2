import { hash } from 'node:crypto';
import { z } from 'zod';
import type { AppParts, Readiness } from './parts.ts';
import type { Route } from './route.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c1b19, #eceae4); --soft: light-dark(#6b675e, #a29d92);
  --paper: light-dark(#faf9f6, #171614); --card: light-dark(#fff, #201f1c); --line: light-dark(#e4e0d7, #35322d);
  --good: light-dark(#2c7a4b, #6cc28d); --bad: light-dark(#b3452c, #f08a6e); }
* { box-sizing: border-box; margin: 0; }
body { font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper); }
main { max-width: 44rem; margin: 0 auto; padding: 4rem 1.25rem; display: grid; gap: 2rem;
  grid-template-columns: minmax(0, 1fr); }
h1 { font-size: 2rem; line-height: 1.2; letter-spacing: -.02em; }
h2 { font-size: .8rem; text-transform: uppercase; letter-spacing: .08em; color: var(--soft); margin-bottom: .5rem; }
p { color: var(--soft); }
ul { list-style: none; padding: 0; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
li { display: flex; justify-content: space-between; gap: 1rem; padding: .6rem 1rem; }
li + li { border-top: 1px solid var(--line); }
.good { color: var(--good); } .bad { color: var(--bad); }
pre { overflow-x: auto; padding: 1rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card);
  font: .85rem/1.55 ui-monospace, monospace; }
pre + p { margin-top: .75rem; }
nav { display: flex; flex-wrap: wrap; gap: 1.25rem; }
a { color: inherit; text-underline-offset: .2em; }
footer { color: var(--soft); font-size: .85rem; }
`;

/** The style is allowed by its own hash: nothing else on the page may style or run. */
const PAGE_CSP = [
  "default-src 'none'",
  `style-src 'sha256-${hash('sha256', STYLE, 'base64')}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** `/`: says that it works, how to ask, and where to read on. */
export function landingRoute(parts: AppParts): Route {
  return {
    method: 'GET',
    path: '/',
    access: 'open',
    dialect: null,
    body: 'none',
    doc: {
      id: 'getLanding',
      summary: 'A page for people',
      answers: { 200: { description: 'HTML.', content: { 'text/html': { schema: z.string() } } } },
      faults: [],
    },
    async answer(_request, reply) {
      reply.headers({ 'content-security-policy': PAGE_CSP, 'cross-origin-opener-policy': 'same-origin' });
      reply.type('text/html; charset=utf-8');
      return reply.send(page(await parts.readiness(), parts.examples.curl(parts.publicUrl()), parts.version));
    },
  };
}

function page(readiness: readonly Readiness[], curl: string, version: string): string {
  const ready = readiness.every((part) => part.ready);
  const rows = readiness.map(
    (part) =>
      `<li><span>${plain(part.name)}</span><span class="${part.ready ? 'good' : 'bad'}">${part.ready ? 'ready' : plain(part.problem ?? 'not ready')}</span></li>`,
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Inbetween</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<header>
<h1>Inbetween</h1>
<p>Two pictures in, the video between them out.</p>
</header>
<section>
<h2>Status: <span class="${ready ? 'good' : 'bad'}">${ready ? 'ready' : 'not ready'}</span></h2>
<ul>${rows.join('')}</ul>
</section>
<section>
<h2>A first video</h2>
<pre><code>${plain(curl)}</code></pre>
<p>Ask for <code>/v1/videos/&lt;id&gt;</code> with the same key until its status is succeeded; its url is the MP4.</p>
</section>
<nav>
<a href="docs">API reference</a>
<a href="openapi.json">OpenAPI</a>
<a href="healthz">Health</a>
<a href="readyz">Readiness</a>
</nav>
<footer>Version ${plain(version)}</footer>
</main>
</body>
</html>
`;
}

function plain(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
