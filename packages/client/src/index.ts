/** The client of an Inbetween server, and the words it speaks. No dependencies; for browsers and Node. */
export { type ImageInput, Inbetween, type InbetweenOptions } from './client.ts';
export {
  AuthenticationError,
  ConflictError,
  ConnectionError,
  InbetweenError,
  InvalidRequestError,
  NotFoundError,
  PermissionError,
  RateLimitError,
  ServerError,
} from './error.ts';
export type { FilesClient, ListFiles, UploadFile } from './files.ts';
export type { CallOptions } from './transport.ts';
export type { ListUsage, UsageClient } from './usage.ts';
export type { CreateVideo, ListVideos, VideosClient, WaitOptions } from './videos.ts';
export { type ReceivedWebhook, type VerifyOptions, verifyWebhook, WebhookError } from './webhook.ts';
export type * from './wire.ts';
