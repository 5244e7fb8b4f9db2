/** The look of the reference page. */
export const STYLE = `
:root { color-scheme: light dark; --ink: light-dark(#1c1b19, #eceae4); --soft: light-dark(#5f5b53, #a9a499);
  --paper: light-dark(#faf9f6, #171614); --card: light-dark(#fff, #201f1c); --line: light-dark(#e4e0d7, #35322d); }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; font: 16px/1.6 system-ui, sans-serif; color: var(--ink); background: var(--paper);
  display: grid; grid-template-columns: 19rem minmax(0, 1fr); }
nav { position: sticky; top: 0; height: 100vh; overflow-y: auto; padding: 1.5rem; border-right: 1px solid var(--line);
  font-size: .85rem; }
nav ul { list-style: none; margin: .5rem 0; padding: 0; }
nav li { margin: .2rem 0; overflow-wrap: anywhere; }
nav li ul { margin-bottom: 1rem; }
main { max-width: 56rem; padding: 2rem 1.5rem 6rem; }
h1, h2, h3 { line-height: 1.25; letter-spacing: -.01em; }
h2 { margin-top: 3rem; }
h3 { margin: 0; font-size: 1.05rem; overflow-wrap: anywhere; }
h4 { margin: 1.25rem 0 .35rem; font-size: .8rem; color: var(--soft); }
article { margin: 1rem 0; padding: 1.25rem; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
table { width: 100%; border-collapse: collapse; font-size: .9rem; }
td { padding: .4rem .75rem .4rem 0; border-top: 1px solid var(--line); vertical-align: top; }
td:first-child { min-width: 10rem; }
.wide { overflow-x: auto; }
small { color: var(--soft); }
code { font: .88em ui-monospace, monospace; }
.method { font-weight: 700; }
details { margin-top: .75rem; }
summary { cursor: pointer; font-size: .85rem; color: var(--soft); }
pre { overflow-x: auto; margin: .5rem 0 0; padding: .8rem 1rem; border: 1px solid var(--line); border-radius: .5rem;
  background: var(--paper); line-height: 1.5; }
a { color: inherit; text-underline-offset: .2em; }
@media (max-width: 50rem) { body { display: block; } nav { position: static; height: auto; border: 0; } }
`;
