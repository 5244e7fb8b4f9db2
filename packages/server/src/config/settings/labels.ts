import { matching } from '../parser.ts';
import { optional, setting } from '../setting.ts';

const name = matching(/^[^\p{Cc}]{1,200}$/u, '1 to 200 characters, no control characters');

/** What finished files say of who made them. */
export const LABEL_SETTINGS = {
  labelProducer: setting({
    group: 'Rendering',
    parser: name,
    fallback: 'Inbetween',
    description:
      'Who the `AIGC` label in every MP4 names as the producer of the content: your name, or the code the authority gave you.',
    example: '001191610133596325171T12566',
    short: false,
  }),
  labelPropagator: setting({
    group: 'Rendering',
    parser: name,
    fallback: 'Inbetween',
    description: 'Who the `AIGC` label names as passing the content on.',
    example: 'Example Ltd',
    short: false,
  }),
  c2paCertificate: optional({
    group: 'Rendering',
    parser: matching(/\S/, 'the path of a PEM file'),
    unset: 'nothing is signed',
    description:
      'Signs every finished MP4 by C2PA: the certificate that signs, followed by those above it. Needs `INBETWEEN_C2PA_KEY` and the package that docs/compliance.md names.',
    example: '/etc/inbetween/c2pa-chain.pem',
    short: false,
  }),
  c2paKey: optional({
    group: 'Rendering',
    parser: matching(/\S/, 'the path of a PEM file'),
    unset: 'nothing is signed',
    description: 'The private key of that certificate, without a passphrase.',
    example: '/etc/inbetween/c2pa-key.pem',
    short: false,
  }),
} as const;
