/** The renderer's public door. */
export type * from './contract.ts';
