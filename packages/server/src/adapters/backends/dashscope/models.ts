import type { SizeTier } from '../../../domain/model.ts';

export type Region = 'cn' | 'intl';

/** What the models are called where their name depends on the region. */
const NAMES: Readonly<Record<Region, Readonly<Record<string, string>>>> = {
  cn: { 'wan2.1-kf2v-plus': 'wanx2.1-kf2v-plus' },
  intl: {},
};

/** The region an address belongs to: `dashscope-intl…`, or a workspace's own host in Singapore. */
export function regionOf(url: string): Region {
  return /dashscope-intl|ap-southeast/.test(new URL(url).hostname) ? 'intl' : 'cn';
}

/** What DashScope calls a model: as the operator says, or as it is called in the region. */
export function upstreamName(model: string, region: Region, named: Readonly<Record<string, string>>): string {
  return named[model] ?? NAMES[region][model] ?? model;
}

/** How a model is asked: by its two frame fields, or as the successors by a list of media. */
export interface Protocol {
  readonly path: string;
  readonly media: boolean;
  readonly sizes: readonly SizeTier[];
  readonly sides: { readonly min: number; readonly max: number };
}

const KEY_FRAMES: Protocol = {
  path: '/api/v1/services/aigc/image2video/video-synthesis',
  media: false,
  sizes: ['480P', '720P', '1080P'],
  sides: { min: 360, max: 2000 },
};
/** wan2.7-i2v and later. */
const MEDIA: Protocol = {
  path: '/api/v1/services/aigc/video-generation/video-synthesis',
  media: true,
  sizes: ['720P', '1080P'],
  sides: { min: 240, max: 8000 },
};

export function protocolOf(upstream: string): Protocol {
  return upstream.includes('kf2v') ? KEY_FRAMES : MEDIA;
}
