import { FormData } from 'undici';
import { Fault } from '../../../domain/fault.ts';
import type { Fetcher } from '../../../ports/fetcher.ts';
import { askPeer, type PeerAddress } from '../remote/peer-http.ts';
import { NoReply } from '../remote/remote-api.ts';
import { faultOfReply } from './errors.ts';
import { readComplaint, readPolicy, type UploadPolicy } from './wire.ts';

/**
 * Puts a frame into DashScope's temporary store (48 hours, bound to account and model) and gives its `oss://` address.
 * Failing here is a definite refusal: no task was created.
 */
export async function uploadTemporarily(
  address: PeerAddress,
  fetcher: Pick<Fetcher, 'check'>,
  model: string,
  file: { readonly name: string; readonly png: Uint8Array },
  signal: AbortSignal,
): Promise<string> {
  const policy = await definite(() => askPolicy(address, model, signal));
  const key = `${policy.upload_dir}/${file.name}`;
  const form = new FormData();
  const fields = {
    OSSAccessKeyId: policy.oss_access_key_id,
    Signature: policy.signature,
    policy: policy.policy,
    key,
    'x-oss-object-acl': policy.x_oss_object_acl,
    'x-oss-forbid-overwrite': policy.x_oss_forbid_overwrite,
    success_action_status: '200',
    'x-oss-content-type': 'image/png',
  };
  for (const [name, value] of Object.entries(fields)) form.set(name, value);
  form.set('file', new Blob([Buffer.from(file.png)], { type: 'image/png' }), file.name);
  // The store is another host, named by an answer: it must be public, and none of our credentials go there.
  const host = new URL(policy.upload_host);
  if (host.origin !== new URL(address.url).origin) fetcher.check(host.href, 'public');
  const store = { url: policy.upload_host.replace(/\/+$/, ''), headers: {} };
  const stored = await definite(() => askPeer(store, { method: 'POST', path: '', body: { form } }, signal));
  if (stored.status !== 200) throw faultOfReply(undefined, stored);
  return `oss://${key}`;
}

async function askPolicy(address: PeerAddress, model: string, signal: AbortSignal): Promise<UploadPolicy> {
  const path = `/api/v1/uploads?action=getPolicy&model=${encodeURIComponent(model)}`;
  const reply = await askPeer(address, { method: 'GET', path }, signal);
  const policy = readPolicy(reply.json);
  if (reply.status === 200 && policy !== undefined && URL.canParse(policy.upload_host)) return policy;
  throw faultOfReply(readComplaint(reply.json), reply);
}

/** Before the create was sent, no answer means no task. */
async function definite<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof NoReply)) throw error;
    throw new Fault('backend_unavailable', 'The service that makes the video does not answer.', { cause: error });
  }
}
