import type { ApiKeyId, EndpointId, FileId, VideoId, WorkerId } from '../domain/id.ts';

/** Everything random, passed in so that tests can fix it. */
export interface Ids {
  /** `video_` + 26 Crockford base-32 characters: 48 bits of time, then 80 random bits, so ids sort by creation. */
  video(): VideoId;
  /** `file_` likewise. */
  file(): FileId;
  apiKey(): ApiKeyId;
  /** `audit_`, sorting by time. */
  audit(): string;
  worker(): WorkerId;
  endpoint(): EndpointId;
  /** `whsec_` + base64 of 32 random bytes, as Standard Webhooks writes secrets. */
  webhookSecret(): string;
  /** 0..1, for jitter. */
  fraction(): number;
  /** A generation's seed, 0..2147483647. */
  seed(): number;
  /** A new API key's secret: `inb_` + at least 160 random bits + checksum. */
  secret(): string;
}
