import type { RouteWish } from '../domain/routing.ts';
import type { Backend } from './backend.ts';

/** Which backend makes which model's videos. */
export interface Router {
  /** @throws Fault `unsupported_size` or `backend_unavailable` */
  route(wish: RouteWish): Backend;
  /** Another backend for a video that one refused before it accepted anything; undefined when there is none now. */
  other(wish: RouteWish, from: string): Backend | undefined;
  /** All backends of a model, the best first. */
  of(model: string): readonly Backend[];
}
