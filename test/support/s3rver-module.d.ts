/** The part of the package `s3rver`, which brings no types, that the tests use. */
declare module 's3rver' {
  export default class S3rver {
    constructor(options: {
      readonly port: number;
      readonly address: string;
      readonly silent: boolean;
      readonly directory: string;
      readonly configureBuckets: readonly { readonly name: string; readonly configs: readonly string[] }[];
    });
    readonly store: {
      getResourcePath(bucket: string, key: string, resource: string): string;
      putMetadata(bucket: string, key: string, metadata: object, md5: string): Promise<void>;
      putObject(object: {
        readonly bucket: string;
        readonly key: string;
        readonly content: Uint8Array | AsyncIterable<Uint8Array>;
        readonly metadata: object;
      }): Promise<{ readonly size: number; readonly md5: string }>;
    };
    run(): Promise<{ readonly port: number }>;
    close(): Promise<void>;
  }
}
