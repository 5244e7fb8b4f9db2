/** The client of an Inbetween server, and the words it speaks. No dependencies; for browsers and Node. */
export type * from './wire.ts';
