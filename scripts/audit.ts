/**
 * Known vulnerabilities of the locked packages: `npm run audit`. Exits with 1 when there is one of level high or critical,
 * with 0 when there is none, and with 0 and a sentence when the advisory service cannot be reached.
 */
import { spawnSync } from 'node:child_process';

interface Report {
  readonly error?: { readonly summary?: string; readonly code?: string };
  readonly message?: string;
  readonly metadata?: { readonly vulnerabilities: Readonly<Record<string, number>> };
  readonly vulnerabilities?: Readonly<Record<string, { readonly severity: string; readonly range: string }>>;
}

const BAD = ['high', 'critical'];

const { stdout } = spawnSync('npm', ['audit', '--json'], { encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
const report = read(stdout);
if (report?.metadata === undefined) {
  const said = report?.error?.summary ?? report?.message ?? '';
  const reason = said === '' ? 'no answer' : said;
  console.log(`The advisory service could not be asked (${reason.split('\n')[0]}). Nothing is known; try again later.`);
} else {
  for (const [name, { severity, range }] of Object.entries(report.vulnerabilities ?? {})) {
    console.log(`${severity.padEnd(9)} ${name} ${range}`);
  }
  const bad = BAD.reduce((sum, level) => sum + (report.metadata?.vulnerabilities[level] ?? 0), 0);
  console.log(
    `${report.metadata.vulnerabilities['total'] ?? 0} known vulnerabilities, ${bad} of them high or critical.`,
  );
  if (bad > 0) process.exitCode = 1;
}

function read(text: string): Report | undefined {
  try {
    return JSON.parse(text) as Report;
  } catch {
    return undefined;
  }
}
