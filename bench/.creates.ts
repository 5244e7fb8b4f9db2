import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { startHelper } from './accept/helper.ts';
import { openStage } from './accept/stage.ts';
import { openBareStore } from './accept/bare.ts';
import { createBody, wire } from './accept/ask.ts';
let checkpoint = 1000;
const pragma = Database.prototype.pragma;
(Database.prototype as any).pragma = function (text: string, o: any) { const r = pragma.call(this, text, o); if (/journal_mode = WAL/.test(text)) pragma.call(this, `wal_autocheckpoint = ${checkpoint}`); return r; };
async function make(pageSize: number, pages: number) {
  const dir = mkdtempSync('/tmp/inbetween-micro-'); const file = join(dir, 'inbetween.db');
  const d = new Database(file); d.pragma(`page_size = ${pageSize}`); d.exec('vacuum'); d.close();
  checkpoint = pages; const stage = await openStage(dir, false); checkpoint = 1000;
  return { stage, dir };
}
const body = await createBody();
const variants = { '4k/1000 (now)': await make(4096, 1000), '4k/4000': await make(4096, 4000), '8k/500': await make(8192, 500), '16k/250': await make(16384, 250), '16k/1000': await make(16384, 1000) };
const dirBare = mkdtempSync('/tmp/inbetween-micro-'); const bare = openBareStore(dirBare, [41000, 41000], 893);
const load = startHelper('load'); const med = (v: number[]) => v.sort((a, b) => a - b)[v.length >> 1]!;
const all: Record<string, any[]> = {};
for (let k = 0; k < 6; k++) { for (const [name, { stage }] of Object.entries(variants)) {
  const a = process.resourceUsage(); const r = await load.ask<any>({ port: stage.port, request: wire('POST', '/v1/videos', stage.secret, body), connections: 8, ms: 900 }); const b = process.resourceUsage();
  if (k) (all[name] ??= []).push([r.perSecond, (b.userCPUTime - a.userCPUTime) / r.answers, (b.systemCPUTime - a.systemCPUTime) / r.answers, r.p99Ms]); }
  const p = bare.run(900); if (k) (all['bare'] ??= []).push([p, 0, 0, 0]); }
for (const [n, v] of Object.entries(all)) console.log(n.padEnd(16), med(v.map((x) => x[0])).toFixed(0), '/s user', med(v.map((x) => x[1])).toFixed(0), 'sys', med(v.map((x) => x[2])).toFixed(0), 'p99', med(v.map((x) => x[3])).toFixed(0), 'ratio to bare', med(v.map((x, i) => x[0] / all['bare']![i][0])).toFixed(2));
await load.stop(); bare.close(); for (const { stage } of Object.values(variants)) await stage.close();
for (const d of [dirBare, ...Object.values(variants).map((v) => v.dir)]) rmSync(d, { recursive: true, force: true });
