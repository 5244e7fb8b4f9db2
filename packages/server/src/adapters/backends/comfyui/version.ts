/** What a version of ComfyUI can do, as far as we have to know. */
export interface Abilities {
  /** Takes the id we choose for a prompt; without it nothing could ever be looked up. */
  readonly ownIds: boolean;
  /** `/interrupt` ends the prompt we name; before, it ended whatever was running. */
  readonly targetedInterrupt: boolean;
  /** `/api/jobs/{id}` tells one prompt's state without all the others. */
  readonly jobs: boolean;
  /** `/api/jobs/{id}/cancel` ends a prompt wherever it is. */
  readonly jobCancel: boolean;
}

/** The oldest version we work with. */
export const OLDEST = '0.3.45';

export function abilitiesOf(version: string): Abilities {
  return {
    ownIds: compare(version, OLDEST) >= 0,
    targetedInterrupt: compare(version, '0.3.57') >= 0,
    jobs: compare(version, '0.5.1') > 0,
    jobCancel: compare(version, '0.25.0') > 0,
  };
}

/** Positive when the version is newer. One that cannot be read counts as newer: people build from the main branch. */
function compare(version: string, release: string): number {
  const [own, other] = [numbersOf(version), numbersOf(release)];
  if (own === undefined || other === undefined) return 1;
  const at = own.findIndex((number, index) => number !== other[index]);
  return at < 0 ? 0 : (own[at] ?? 0) - (other[at] ?? 0);
}

/** Numbers of a release such as `0.33.0`, or `v0.3.64-2-gabc`; undefined when it is none. */
function numbersOf(version: string): readonly number[] | undefined {
  const found = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version.trim());
  return found === null ? undefined : found.slice(1).map(Number);
}
