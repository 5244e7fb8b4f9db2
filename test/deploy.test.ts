import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
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

const PACKAGE = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
  readonly version: string;
  readonly workspaces: readonly string[];
};
const OUR_IMAGE = `inbetween:${PACKAGE.version}`;

/** How long a process may take to stop, in seconds: it turns away, finishes, gives back and closes. */
function stopSeconds(environment: Readonly<Record<string, string>>): number {
  const of = (key: 'shutdownDelay' | 'shutdownGrace') => environment[shortName(key)] ?? SETTINGS[key].fallback ?? '';
  return seconds(of('shutdownDelay')) + seconds(of('shutdownGrace')) + 5;
}

function seconds(text: string): number {
  const [, count = 'not a number'] = /^(\d+)s?$/.exec(text) ?? [];
  return Number(count);
}

interface Service {
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: Readonly<Record<string, unknown>>;
  readonly volumes?: readonly string[];
  readonly stop_grace_period?: string;
  readonly healthcheck?: { readonly disable?: boolean };
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
    for (const folder of PACKAGE.workspaces)
      expect(lines.join('\n')).toContain(`COPY ${folder}/package.json ${folder}/`);
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

  it('and the service file start Node with the options of npm start', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { scripts: { start: string } };
    const [, ...start] = scripts.start.split(' ').slice(0, -1);
    expect(start.some((word) => word.startsWith('--'))).toBe(true);
    expect(lastStage.at(-2)).toBe(`ENTRYPOINT ${JSON.stringify(['node', ...start]).replaceAll(',', ', ')}`);
    expect(read('inbetween.service')).toContain(`ExecStart=/usr/bin/node ${start.join(' ')} serve`);
  });

  it('gives its user a volume to write to, which is the data folder', () => {
    const folder = lastStage.join(' ').match(/INBETWEEN_DATA_DIR=(\S+)/)?.[1];
    expect(lastStage).toContain(`VOLUME ${folder}`);
    expect(lastStage).toContain(`RUN mkdir ${folder} && chown node:node ${folder}`);
  });

  it('sets settings that exist', () => {
    const set = [...lastStage.join(' ').matchAll(/\b([A-Z][A-Z_]+)=/g)].map(([, name = '']) => name);
    expect(set.filter((name) => name !== 'NODE_ENV' && !KNOWN.has(name))).toEqual([]);
  });
});

describe('the health check', () => {
  it.each([
    ['the port of an API', 200, 0, ({ port }: { port: string }) => ({ PORT: port })],
    ['the port of metrics first', 200, 0, ({ port }) => ({ PORT: '1', METRICS_PORT: port })],
    ['the long name before the short one', 200, 0, ({ port }) => ({ PORT: '1', INBETWEEN_PORT: port })],
    ['somebody who is not well', 500, 1, ({ port }) => ({ PORT: port })],
    ['nobody', 200, 1, () => ({ PORT: '1' })],
  ])('asks %s', async (_, status, code, environment) => {
    const asked: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url);
      response.writeHead(status).end();
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    try {
      const { port } = server.address() as AddressInfo;
      const env = environment({ port: String(port) });
      const child = spawn(process.execPath, [join(ROOT, 'deploy/healthcheck.mjs')], { env });
      expect(await new Promise((done) => child.once('exit', done))).toBe(code);
      expect(asked.every((url) => url === '/healthz')).toBe(true);
    } finally {
      server.close();
    }
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

  it('runs the image of this version, gives it the time to stop, and asks a worker on a port that it has', () => {
    for (const [name, { image, command = ['serve'], environment = {}, ...service }] of ours) {
      expect(image, name).toBe(OUR_IMAGE);
      if (service.healthcheck?.disable === true) continue;
      expect(seconds(service.stop_grace_period ?? '10s'), name).toBeGreaterThanOrEqual(stopSeconds(environment));
      if (command[0] === 'worker') expect(environment['METRICS_PORT'], name).toMatch(/^\d+$/);
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

describe('the migration of the scaled compose file', () => {
  it('has ended before anything of ours starts', () => {
    const { services } = parse(read('compose.scaled.yaml'), { merge: true }) as Compose;
    for (const [name, { command = [], depends_on = {} }] of Object.entries(services)) {
      if (!['api', 'worker'].includes(command[0] ?? '')) continue;
      expect(depends_on['migrate'], name).toEqual({ condition: 'service_completed_successfully' });
    }
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
  interface Probe {
    readonly httpGet: { readonly path: string; readonly port: string };
    readonly timeoutSeconds: number;
  }
  interface Pod {
    readonly securityContext: { readonly runAsNonRoot: boolean; readonly runAsUser: number; readonly fsGroup: number };
    readonly enableServiceLinks?: boolean;
    readonly terminationGracePeriodSeconds?: number;
    readonly containers: readonly {
      readonly image: string;
      readonly args: readonly string[];
      readonly env?: readonly { readonly name: string; readonly value: string }[];
      readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
      readonly readinessProbe?: Probe;
      readonly livenessProbe?: Probe;
      readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[];
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

  it('are asked how they are doing where they answer', () => {
    const metrics = Number(manifests.find(({ kind }) => kind === 'ConfigMap')?.data?.['METRICS_PORT']);
    const main = Number(/\bPORT=(\d+)/.exec(read('Dockerfile'))?.[1]);
    for (const { args, ports = [], readinessProbe, livenessProbe } of pods.flatMap(({ containers }) => containers)) {
      if (args[0] === 'migrate') continue;
      for (const { name, containerPort } of ports) expect(containerPort, name).toBe(name === 'http' ? main : metrics);
      expect(readinessProbe?.httpGet.path, args[0]).toBe('/readyz');
      expect(livenessProbe?.httpGet.path, args[0]).toBe('/healthz');
      for (const probe of [readinessProbe, livenessProbe]) {
        expect(probe?.httpGet.port, args[0]).toBe(args[0] === 'api' ? 'http' : 'metrics');
        expect(ports.map(({ name }) => name)).toContain(probe?.httpGet.port);
        // A second, which is the default, is not enough for a machine that renders.
        expect(probe?.timeoutSeconds).toBe(5);
      }
    }
  });

  it('run the image of this version with time to stop and a folder of its user', () => {
    for (const { containers, securityContext, terminationGracePeriodSeconds = 30 } of pods) {
      for (const { image, args, env = [], volumeMounts } of containers) {
        expect(image).toBe(OUR_IMAGE);
        if (args[0] === 'migrate') continue;
        const environment = Object.fromEntries(env.map(({ name, value }) => [name, value]));
        expect(terminationGracePeriodSeconds).toBeGreaterThanOrEqual(stopSeconds(environment));
        expect(volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(['/data']);
        // The user "node" of the base image.
        expect([securityContext.runAsUser, securityContext.fsGroup]).toEqual([1000, 1000]);
      }
    }
    expect(manifests.find(({ kind }) => kind === 'Job')?.metadata.name).toContain(PACKAGE.version);
  });

  it('keep the variables of their own services out: INBETWEEN_PORT would be one of ours', () => {
    for (const { enableServiceLinks } of pods) expect(enableServiceLinks).toBe(false);
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
    const file = command
      .split(' ')
      .slice(1)
      .find((word) => !word.startsWith('--'));
    expect(existsSync(join(ROOT, file ?? 'none'))).toBe(true);
    const set = lines.filter((line) => line.startsWith('Environment=')).map((line) => line.split('=')[1] ?? '');
    expect(set.filter((name) => !KNOWN.has(name))).toEqual([]);
    expect(lines).toContain('DynamicUser=yes');
    const settingOf = (word: string) => lines.find((line) => line.startsWith(word))?.slice(word.length) ?? '';
    expect(settingOf('Environment=INBETWEEN_DATA_DIR=')).toBe(`/var/lib/${settingOf('StateDirectory=')}`);
    expect(seconds(settingOf('TimeoutStopSec='))).toBeGreaterThanOrEqual(stopSeconds({}));
  });
});
