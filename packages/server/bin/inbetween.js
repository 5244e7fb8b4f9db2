#!/usr/bin/env node
// The door for any Node: Node 24 comes along as an npm package, so a machine with an older one works too.
// This file itself must run on Node 20.
import { spawn } from 'node:child_process';
import { lstatSync, mkdirSync } from 'node:fs';
import module, { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const NEEDED = [22, 19];
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

if (major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1])) {
  // Keeps compiled code between starts: much of a start is compiling.
  const folder = compiledCode();
  if (folder !== undefined) module.enableCompileCache?.(folder);
  await import('../src/main.ts');
} else {
  const node = bundledNode();
  if (node === undefined) {
    console.error(
      `Inbetween needs Node ${NEEDED.join('.')} or newer; this is ${process.versions.node}, and "npm ci" brought no other for this platform.`,
    );
    process.exit(1);
  }
  const args = [...process.execArgv, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(node, args, { stdio: 'inherit' });
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

/**
 * A folder that is ours alone, or undefined. Compiled code is run as it is found, and on a machine of several people
 * anyone may make folders where temporary files lie; Node's own choice there does not look whose folder it is.
 */
function compiledCode() {
  const uid = process.getuid?.();
  const folder = join(tmpdir(), `inbetween-compiled-${uid ?? 'ours'}`);
  try {
    mkdirSync(folder, { mode: 0o700, recursive: true });
    const found = lstatSync(folder);
    // Windows gives each user a folder for temporary files.
    const ours = uid === undefined || (found.uid === uid && (found.mode & 0o022) === 0);
    return found.isDirectory() && ours ? folder : undefined;
  } catch {
    return undefined;
  }
}
