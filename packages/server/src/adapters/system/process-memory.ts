import { readFileSync } from 'node:fs';

/**
 * Resident memory of a process in bytes, from /proc where there is one; undefined elsewhere, or when it is gone.
 * `status`, not `statm`: it counts in kB, while the pages of `statm` are 4, 16 or 64 KiB depending on the kernel.
 */
export function residentBytesOf(pid: number): number | undefined {
  try {
    const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'));
    return found === null ? undefined : Number(found[1]) * 1024;
  } catch {
    return undefined;
  }
}
