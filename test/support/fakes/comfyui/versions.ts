/** `0.3.64` against `0.33.0`: which is newer, as releases are counted. */
export function isAtLeast(version: string, least: string): boolean {
  const [own, wanted] = [version, least].map((text) => text.split('.').map(Number));
  for (let at = 0; at < 3; at += 1) {
    const difference = (own?.[at] ?? 0) - (wanted?.[at] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}

/** What a version of ComfyUI can do, where versions differ. */
export function traitsOf(version: string) {
  const since = (least: string) => isAtLeast(version, least);
  return {
    /** The caller may choose the id of its prompt; `progress_state` events. */
    ownIds: since('0.3.45'),
    /** `/interrupt` heeds the id it is given; before, it ends whatever runs. */
    targetedInterrupt: since('0.3.57'),
    /** `/api/jobs`. */
    jobs: since('0.5.2'),
    /** An interrupted job is `cancelled` there, not `failed`. */
    cancelledWord: since('0.8.3'),
    /** A class that is not there is told as `missing_node_type`. */
    missingNodeType: since('0.13.0'),
    siteCheck: since('0.18.1'),
    /** The id of a prompt must be a canonical lower-case UUID. */
    uuidOnly: since('0.24.1'),
    /** `/api/jobs/{id}/cancel`. */
    jobCancel: since('0.25.1'),
    dynamicCombos: since('0.33.0'),
  };
}

export type Traits = ReturnType<typeof traitsOf>;
