/** Counts and times for operators. Names end in their unit; label values come from closed sets, never from callers. */
export interface Meter {
  count(name: Counter, labels?: Readonly<Record<string, string>>, by?: number): void;
  /** Records a duration in seconds. */
  observe(name: Timer, seconds: number, labels?: Readonly<Record<string, string>>): void;
}

export const COUNTERS = {
  inbetween_videos_created_total: 'Videos accepted',
  inbetween_refused_creates_total: 'Videos refused by a limit of their owner or key, by limit and whose it is',
  inbetween_videos_finished_total: 'Videos that became terminal, by status and fault code',
  inbetween_attempts_total: 'Attempts begun, by backend',
  inbetween_attempt_faults_total: 'Attempts that ended in a fault, by backend and code',
  inbetween_stops_total: 'Peers asked to stop an operation, by backend and answer',
  inbetween_videos_without_files_total: 'Finished videos whose files were found to be gone',
  inbetween_stale_writes_total: 'Writes refused because somebody else had written first',
  inbetween_lane_errors_total: 'Unexpected errors in a lane, by lane',
  inbetween_upstream_unknown_words_total: 'Status words of a peer that we do not know, by backend',
  inbetween_fetches_total: 'Guarded fetches, by outcome',
  inbetween_moderations_total: 'Verdicts of the content check, by outcome',
  inbetween_webhook_tries_total: 'Tries to deliver a webhook, by outcome',
} as const;
export type Counter = keyof typeof COUNTERS;

export const TIMERS = {
  inbetween_admission_seconds: 'From accepted to queued',
  inbetween_queue_seconds: 'From queued to the first attempt',
  inbetween_attempt_seconds: 'One attempt, by backend',
  inbetween_http_request_seconds: 'One HTTP request, by route, method and status class',
} as const;
export type Timer = keyof typeof TIMERS;
