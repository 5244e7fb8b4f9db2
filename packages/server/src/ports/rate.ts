/**
 * Requests per second to a backend's peer over the whole fleet. Each taker is given the next free instant, so that any
 * number of processes together keep the rate.
 */
export interface Rate {
  /**
   * Takes the next place in the row of requests to `backend`.
   *
   * @param now milliseconds since the Unix epoch, of the taker
   * @param perSecond requests per second, a fraction where one takes longer than a second
   * @returns milliseconds to wait from `now` before the request may be made; 0: at once
   */
  take(backend: string, now: number, perSecond: number): Promise<number>;
}
