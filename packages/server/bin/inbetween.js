#!/usr/bin/env node
// The door for any Node: Node 24 comes along as an npm package, so a machine with an older one works too.
// This file itself must run on Node 20.
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const NEEDED = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // Keeps compiled code between starts, where Node has a place for it: much of a start is compiling.
  module.enableCompileCache?.();
  await import('../src/main.ts');
} else {
  const node = bundledNode();
  if (node === undefined) {
    console.error(
      `Inbetween needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}, and "npm ci" brought no other for this platform.`,
    );
    process.exit(1);
  }
  const child = spawn(
    node,
    [
      join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), '../src/main.ts'),
      ...process.argv.slice(2),
    ],
    { stdio: 'inherit' },
  );
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => process.exit(code ?? (signal === null ? 1 : 128)));
}

/** The node executable inside the optional dependency of this platform. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve(`node-${process.platform}-${process.arch}/package.json`);
    return join(dirname(manifest), 'bin', 'node');
  } catch {
    return undefined;
  }
}
