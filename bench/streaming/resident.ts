import { readFileSync } from 'node:fs';

/** Memory of a process that is in RAM, as Linux counts it. */
export function residentBytes(pid: number): number {
  const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kilobytes === undefined) throw new Error(`/proc tells no memory of process ${pid}`);
  return Number(kilobytes) * 1_024;
}
