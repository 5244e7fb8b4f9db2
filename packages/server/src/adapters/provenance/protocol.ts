/** What the signing child is told; files by their paths. */
export type SentOrder = {
  readonly certificate: string;
  readonly key: string;
  /** The library's name; another one in tests. */
  readonly library: string;
  /** Milliseconds since 1970. */
  readonly now: number;
} & (
  | { readonly kind: 'check' }
  | {
      readonly kind: 'sign';
      readonly video: string;
      readonly sourceType: string;
      readonly input: string;
      readonly output: string;
    }
);

export type SentAnswer =
  | { readonly kind: 'signed'; readonly signer: string }
  /** What the operator can do something about, in words. */
  | { readonly kind: 'problem'; readonly reason: string };
