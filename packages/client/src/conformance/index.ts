/** Does a server keep the contract of `/v1/videos`? */
export type { Hook } from './context.ts';
export { type CheckResult, type ConformanceOptions, checkConformance } from './run.ts';
