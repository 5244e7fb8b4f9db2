/**
 * A wake-up hint between those who make work due and those who wait for it. A ring may be lost or come for nothing:
 * polling is the truth, the bell only makes it fast.
 */
export type BellTopic = 'admit' | 'generate' | 'drain' | 'backends' | 'deliver' | 'sweep' | `video:${string}`;

export interface Bell {
  ring(topic: BellTopic): void;
  /** Calls `listener` at each ring until the returned function is called. */
  listen(topic: BellTopic, listener: () => void): () => void;
}
