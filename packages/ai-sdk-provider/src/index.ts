/** A video provider for Vercel's AI SDK: first and last frame included. */
export { createInbetween, type InbetweenProvider, type InbetweenProviderOptions } from './provider.ts';
export type { InbetweenVideoOptions } from './translate.ts';
