import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { longName, shortName } from '../packages/server/src/config/setting.ts';
import { SETTING_KEYS, SETTINGS } from '../packages/server/src/config/settings.ts';

/** What can be told of the files in deploy/ without the programs they are for. */

const ROOT = resolve(import.meta.dirname, '..');
const read = (path: string) => readFileSync(join(ROOT, 'deploy', path), 'utf8');
const COMMANDS = ['serve', 'api', 'worker', 'migrate'];

/** Every name that a setting can have in the environment, and what the AWS SDK reads. */
const KNOWN = new Set([
  ...SETTING_KEYS.flatMap((key) => [longName(key), ...(SETTINGS[key].short ? [shortName(key)] : [])]),
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
]);
const unknown = (environment: object) => Object.keys(environment).filter((name) => !KNOWN.has(name));

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
}
interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
}

describe('the image', () => {
  const lines = read('Dockerfile')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => /^[A-Z]+ /.test(line));
  const lastStage = lines.slice(lines.findLastIndex((line) => line.startsWith('FROM ')));

  it('copies files that are there', () => {
    const copied = lines
      .filter((line) => line.startsWith('COPY ') && !line.includes('--from='))
      .flatMap((line) => line.split(/\s+/).slice(1, -1));
    expect(copied.length).toBeGreaterThan(5);
    expect(copied.filter((path) => !existsSync(join(ROOT, path)))).toEqual([]);
  });

  it('names every package of the workspace before it installs', () => {
    const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { workspaces: string[] };
    for (const folder of workspaces) expect(lines.join('\n')).toContain(`COPY ${folder}/package.json ${folder}/`);
  });

  it('is left in peace by its ignore file', () => {
    const kept = read('Dockerfile.dockerignore').split('\n');
    for (const path of ['package.json', 'package-lock.json', '.npmrc', 'LICENSE', 'packages', 'deploy/healthcheck.mjs'])
      expect(kept).toContain(`!${path}`);
  });

  it('does not run as root, and says how it is doing', () => {
    const at = (word: string) => lastStage.findIndex((line) => line.startsWith(`${word} `));
    expect(lastStage[at('USER')]).toBe('USER node');
    expect(at('USER')).toBeGreaterThan(lastStage.findLastIndex((line) => line.startsWith('RUN ')));
    expect(at('HEALTHCHECK')).toBeGreaterThan(0);
    expect(lastStage[at('ENTRYPOINT')]).toContain('packages/server/bin/inbetween.js');
  });

  it('sets settings that exist', () => {
    const set = [...lastStage.join(' ').matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name = '']) => name);
    expect(set.filter((name) => name !== 'NODE_ENV' && !KNOWN.has(name))).toEqual([]);
  });
});

describe.each(['compose.yaml', 'compose.scaled.yaml'])('%s', (file) => {
  const { services, volumes } = parse(read(file), { merge: true }) as Compose;
  const ours = Object.entries(services).filter(([, { image }]) => image?.startsWith('inbetween:'));

  it('runs commands and sets settings that exist', () => {
    expect(ours.length).toBeGreaterThan(0);
    for (const [name, { command = ['serve'], environment = {} }] of ours) {
      expect(COMMANDS, name).toContain(command[0]);
      expect(unknown(environment), name).toEqual([]);
    }
  });

  it('names versions, services and volumes that are there', () => {
    for (const [name, { image = '', depends_on = {}, volumes: mounted = [] }] of Object.entries(services)) {
      expect(image, name).toMatch(/:[\w.-]*\d/);
      for (const other of Object.keys(depends_on)) expect(Object.keys(services), name).toContain(other);
      for (const mount of mounted) expect(Object.keys(volumes), name).toContain(mount.split(':')[0]);
    }
  });
});

describe('the scaled compose file', () => {
  it('gives APIs and workers everything they refuse to start without', () => {
    const { services } = parse(read('compose.scaled.yaml'), { merge: true }) as Compose;
    const roles = Object.values(services).map(({ command }) => command?.[0] ?? '');
    expect([roles.filter((role) => role === 'api').length, roles.filter((role) => role === 'worker').length]).toEqual([
      2, 2,
    ]);
    for (const { command, environment } of Object.values(services).filter(({ command }) =>
      ['api', 'worker'].includes(command?.[0] ?? ''),
    ))
      expect(Object.keys(environment ?? {}), command?.[0]).toEqual(
        expect.arrayContaining(['DATABASE_URL', 'S3_BUCKET', 'PUBLIC_URL']),
      );
  });
});

describe('the Kubernetes manifests', () => {
  interface Manifest {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string };
    readonly data?: Readonly<Record<string, string>>;
    readonly spec?: {
      readonly selector?: { readonly matchLabels?: object };
      readonly template?: { readonly metadata?: { readonly labels?: object }; readonly spec: Pod };
    };
  }
  interface Pod {
    readonly securityContext: { readonly runAsNonRoot: boolean };
    readonly containers: readonly {
      readonly args: readonly string[];
      readonly env?: readonly { readonly name: string }[];
    }[];
  }
  const manifests = parseAllDocuments(read('kubernetes/inbetween.yaml'), { merge: true }).map((document) => {
    // Anchors do not reach over documents for every reader: each must be understood alone.
    expect(document.errors).toEqual([]);
    return document.toJS() as Manifest;
  });
  const pods = manifests.flatMap(({ spec }) => (spec?.template === undefined ? [] : [spec.template.spec]));

  it('are of known kinds, under names that may be', () => {
    expect(manifests.map(({ kind }) => kind)).toEqual([
      'ConfigMap',
      'Job',
      'Deployment',
      'Deployment',
      'Service',
      'PodDisruptionBudget',
    ]);
    for (const { metadata } of manifests) expect(metadata.name).toMatch(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/);
  });

  it('run commands and set settings that exist, and never as root', () => {
    expect(pods).toHaveLength(3);
    for (const { containers, securityContext } of pods) {
      expect(securityContext.runAsNonRoot).toBe(true);
      for (const { args, env = [] } of containers) {
        expect(COMMANDS).toContain(args[0]);
        expect(env.filter(({ name }) => !KNOWN.has(name))).toEqual([]);
      }
    }
    for (const { data } of manifests) expect(unknown(data ?? {})).toEqual([]);
  });

  it('select the pods that they make', () => {
    for (const { kind, spec } of manifests.filter(({ kind }) => kind === 'Deployment'))
      expect(spec?.template?.metadata?.labels, kind).toEqual(spec?.selector?.matchLabels);
  });
});

describe('the systemd unit', () => {
  it('starts a file that is there, with settings that exist, as nobody in particular', () => {
    const lines = read('inbetween.service')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'));
    expect(lines.filter((line) => !/^(\[(Unit|Service|Install)\]|[A-Z][A-Za-z]+=\S.*)$/.test(line))).toEqual([]);
    const command = lines.find((line) => line.startsWith('ExecStart=')) ?? '';
    expect(existsSync(join(ROOT, command.split(' ')[1] ?? 'none'))).toBe(true);
    const set = lines.filter((line) => line.startsWith('Environment=')).map((line) => line.split('=')[1] ?? '');
    expect(set.filter((name) => !KNOWN.has(name))).toEqual([]);
    expect(lines).toContain('DynamicUser=yes');
  });
});
