import type { Video } from '../domain/video.ts';

/** What the peer of a video's backend charges us for making it, in micro-units; undefined: nothing that is booked. */
export type UpstreamCost = (video: Video) => number | undefined;

/** Whoever hears that a peer has made a video books what it charges, in the write that ends the attempt. */
export interface BookingParts {
  /** Absent: nothing is booked. */
  readonly upstreamCost?: UpstreamCost | undefined;
}
