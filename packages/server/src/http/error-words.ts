import type { z } from 'zod';
import type { Fault, FaultCode } from '../domain/fault.ts';

/** How a wire language tells faults. */
export interface ErrorWords {
  /** Its envelope, for the description. */
  readonly schema: z.ZodType;
  /** The HTTP status of a fault, and the word by which a caller tells it from others of the same status. */
  of(code: FaultCode): { readonly status: number; readonly word: string };
  body(fault: Fault, requestId: string): object;
}
