import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** A process as /proc shows it. Its number alone is not enough: numbers are used again. */
export interface SeenProcess {
  readonly pid: number;
  readonly parent: number;
  /** When it started, in ticks since boot; with the number it names one process for good. */
  readonly startedAt: string;
  readonly title: string;
}

/** Whether this machine has a process table that can be read. */
export const HAS_PROCESS_TABLE = process.platform === 'linux';

/** The running children of a process; zombies do not run. */
export function childrenOf(parent: number): readonly SeenProcess[] {
  return allProcesses().filter((seen) => seen.parent === parent);
}

/** Everything that runs in this folder: children inherit it, and keep it when their parent dies. */
export function processesIn(folder: string): readonly SeenProcess[] {
  return allProcesses().filter(({ pid }) => folderOf(pid) === folder);
}

/** Whether this very process still runs. */
export function isRunning({ pid, startedAt }: SeenProcess): boolean {
  return look(pid)?.startedAt === startedAt;
}

/** Ends this very process and nothing else. */
export function killSeen(seen: SeenProcess): void {
  if (!isRunning(seen)) return;
  try {
    process.kill(seen.pid, 'SIGKILL');
  } catch (error) {
    // It may have ended in between.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function allProcesses(): readonly SeenProcess[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => look(Number(name)) ?? []);
}

function look(pid: number): SeenProcess | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name stands in brackets and may contain anything, brackets too; fields are counted behind the last one.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state, parent, startedAt] = [fields[0], Number(fields[1]), fields[19] ?? ''];
    if (state === 'Z' || state === 'X') return undefined;
    const title = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, parent, startedAt, title };
  } catch {
    return undefined;
  }
}

function folderOf(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}
