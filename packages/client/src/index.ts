/** The client of an Inbetween server, and the words it speaks. No dependencies; for browsers and Node. */
export { type ImageInput, Inbetween, type InbetweenOptions } from './client.ts';
export { InbetweenError } from './error.ts';
export type { CallOptions } from './transport.ts';
export type { CreateVideo, ListVideos, WaitOptions } from './videos.ts';
export type * from './wire.ts';
