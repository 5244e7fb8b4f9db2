import { readFileSync } from 'node:fs';
import { childrenOf, HAS_PROCESS_TABLE } from '../../test/support/process-table.ts';

/** What Linux counts CPU time in. */
const TICK_MS = 10;

/**
 * CPU time in milliseconds of those children of this process that have such a title, with what they have started
 * themselves. Undefined where there is no process table.
 */
export function childrenCpuMs(title: RegExp): number | undefined {
  if (!HAS_PROCESS_TABLE) return undefined;
  const children = childrenOf(process.pid).filter((child) => title.test(child.title));
  return children.reduce((sum, { pid }) => sum + familyTicks(pid), 0) * TICK_MS;
}

/** Of a process, its ended children and its running ones. */
function familyTicks(pid: number): number {
  return childrenOf(pid).reduce((sum, child) => sum + ticks(child.pid), ticks(pid));
}

function ticks(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // utime, stime, cutime, cstime
    return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  } catch {
    // It has ended, and counts with its parent.
    return 0;
  }
}
