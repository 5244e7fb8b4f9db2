import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

/**
 * What may be linked or shipped. The lock file names every package of every platform; what it leaves out is read from the
 * package itself.
 */

const ROOT = resolve(import.meta.dirname, '..');
const FREE = [
  '0BSD',
  'AFL-2.1',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  'MPL-2.0',
  'Unlicense',
];
/** Libraries under the LGPL, each loaded as a separate file that a user may replace. Which ones is said here, by name. */
const LGPL: Readonly<Record<string, string>> = {
  '@img/sharp-': 'libvips, a shared library of its own',
  '@node-webcodecs/static-linux-x64': 'FFmpeg without its GPL parts, inside one replaceable .node file',
};
/** Packages too old to carry the field; what their readme or licence file says. */
const UNSAID: Readonly<Record<string, string>> = {
  busboy: 'MIT',
  dicer: 'MIT',
  streamsearch: 'MIT',
  'humanize-number': 'MIT',
  only: 'MIT',
};

interface Locked {
  readonly license?: string;
  readonly link?: boolean;
  readonly resolved?: string;
  readonly integrity?: string;
}

const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as {
  readonly packages: Readonly<Record<string, Locked>>;
};
const packages = Object.entries(lock.packages)
  .filter(([path, { link }]) => path.includes('node_modules/') && link !== true)
  .map(([path, locked]) => ({ path, name: path.slice(path.lastIndexOf('node_modules/') + 13), ...locked }));

/** The licences of an SPDX expression of which all apply; of a choice, one that we can take. */
function licencesOf(expression: string): readonly string[] {
  return expression
    .replace(/^\((.*)\)$/, '$1')
    .split(/ AND /)
    .map((part) => part.replace(/^\(|\)$/g, '').split(/ OR /))
    .map((choice) => choice.find((one) => FREE.includes(one)) ?? choice[0] ?? '');
}

function problemsOf(name: string, licence: string | undefined): readonly string[] {
  const expression = licence ?? UNSAID[name];
  if (expression === undefined) return [`${name}: no licence is told`];
  return licencesOf(expression).flatMap((one) => {
    if (FREE.includes(one)) return [];
    if (/^LGPL-/.test(one) && Object.keys(LGPL).some((known) => name.startsWith(known))) return [];
    return [`${name}: ${one}`];
  });
}

describe('the packages we install', () => {
  it('are under licences that may be linked and shipped', () => {
    expect(packages.length).toBeGreaterThan(100);
    console.log(`licences: ${packages.length} packages`);
    expect(packages.flatMap(({ name, license }) => problemsOf(name, license))).toEqual([]);
  });

  it('say the same in the package itself as in the lock file', () => {
    const differing = packages.flatMap(({ path, name, license }) => {
      const file = join(ROOT, path, 'package.json');
      if (!existsSync(file)) return [];
      const own = (JSON.parse(readFileSync(file, 'utf8')) as { readonly license?: unknown }).license;
      return typeof own === 'string' && license !== undefined && own !== license ? [`${name}: ${own}, ${license}`] : [];
    });
    expect(differing).toEqual([]);
  });

  it('are locked to their bytes, without a registry’s address', () => {
    expect(packages.filter(({ integrity }) => integrity === undefined).map(({ path }) => path)).toEqual([]);
    expect(packages.filter(({ resolved }) => resolved !== undefined).map(({ path }) => path)).toEqual([]);
  });

  it('need no install script', () => {
    expect(readFileSync(join(ROOT, '.npmrc'), 'utf8')).toMatch(/^ignore-scripts=true$/m);
  });
});

describe('the check itself', () => {
  it('refuses what may not be linked', () => {
    for (const licence of [
      'GPL-3.0-only',
      'AGPL-3.0',
      'GPL-2.0-or-later',
      'SSPL-1.0',
      'UNLICENSED',
      'LGPL-3.0-or-later',
    ]) {
      expect(problemsOf('left-pad', licence), licence).not.toEqual([]);
    }
    expect(problemsOf('left-pad', 'MIT AND GPL-3.0-only')).not.toEqual([]);
    expect(problemsOf('left-pad', undefined)).not.toEqual([]);
    expect(problemsOf('left-pad', '(GPL-2.0-only OR MIT)')).toEqual([]);
    expect(problemsOf('@img/sharp-libvips-linux-x64', 'LGPL-3.0-or-later')).toEqual([]);
  });
});
