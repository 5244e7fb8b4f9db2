/** A moment of a video's life on the machine's own clock, which all processes share. */
export interface Milestone {
  readonly id: string;
  readonly what: 'queued' | 'called' | 'ended';
  readonly at: number;
}

export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;
