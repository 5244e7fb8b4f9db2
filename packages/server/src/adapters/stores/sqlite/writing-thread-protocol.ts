import { Fault, type FaultCode, type FaultDetails } from '../../../domain/fault.ts';
import type { FrameInput } from '../../../ports/store.ts';
import { errorCode } from '../../system/storage-full.ts';
import type { WriteCall } from './writes.ts';

/** To the thread: a call to make, or that no more will come. */
export type ToThread = (WriteCall & { readonly id: number }) | 'close';

/** From the thread: that it is ready, or what has come of calls; those of one commit come together. */
export type FromThread = 'ready' | readonly Outcome[];

export type Outcome =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly thrown: Parcel };

/** What was thrown, as plain values: an Error that crosses to another thread loses its class and its own members. */
export type Parcel =
  | {
      readonly kind: 'fault';
      readonly code: FaultCode;
      readonly message: string;
      readonly details: FaultDetails;
      readonly cause: Parcel | undefined;
    }
  | {
      readonly kind: 'error';
      readonly name: string;
      readonly message: string;
      readonly stack: string | undefined;
      readonly code: string | undefined;
      readonly cause: Parcel | undefined;
    };

export function packed(thrown: unknown): Parcel {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  const { name, message, stack } = error;
  const cause = error.cause === undefined ? undefined : packed(error.cause);
  if (error instanceof Fault) {
    const { code, param, retryAfterMs, attemptGoesOn, retryable, promptFailed } = error;
    const details = {
      ...(param === undefined ? {} : { param }),
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
      ...{ attemptGoesOn, retryable, promptFailed },
    };
    return { kind: 'fault', code, message, details, cause };
  }
  const code = errorCode(error);
  return { kind: 'error', name, message, stack, code: code === undefined ? undefined : String(code), cause };
}

export function unpacked(parcel: Parcel): Error {
  const cause = parcel.cause === undefined ? {} : { cause: unpacked(parcel.cause) };
  if (parcel.kind === 'fault') return new Fault(parcel.code, parcel.message, { ...parcel.details, ...cause });
  const { name, message, stack, code } = parcel;
  const error = new Error(message, cause);
  return Object.assign(error, {
    name,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
  });
}

/**
 * Arguments as they are sent. Bytes go along as copies that the receiver owns: a view would take with it the whole buffer
 * it lies in, which may be all of a request.
 */
export function wrapped(args: readonly unknown[]): {
  readonly args: readonly unknown[];
  readonly owned: ArrayBuffer[];
} {
  const owned: ArrayBuffer[] = [];
  const own = (input: FrameInput) => {
    const bytes = new Uint8Array(input.bytes);
    owned.push(bytes.buffer);
    return { ...input, bytes };
  };
  return { args: args.map((arg) => (hasInputs(arg) ? { ...arg, inputs: arg.inputs.map(own) } : arg)), owned };
}

/**
 * Frees the bytes of received arguments at once: left to the collector, they make it run several times a second, and a
 * create takes a fifth more processor time.
 */
export function discard(args: readonly unknown[]): void {
  for (const arg of args) {
    if (!hasInputs(arg)) continue;
    for (const { bytes } of arg.inputs) if (bytes.buffer instanceof ArrayBuffer) bytes.buffer.transfer(0);
  }
}

function hasInputs(arg: unknown): arg is { readonly inputs: readonly FrameInput[] } {
  return typeof arg === 'object' && arg !== null && 'inputs' in arg && Array.isArray(arg.inputs);
}
