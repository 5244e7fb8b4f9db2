/** Work goes by the database's time, but signatures of S3, certificates and logs go by the machine's. */
const SKEW_MAX_MS = 5_000;

/**
 * What is wrong with this machine's clock, as a sentence; undefined when nothing is, or when nobody can tell: that the
 * database does not answer is told elsewhere.
 *
 * @param skew how far the clock is ahead of the database's, in milliseconds
 */
export async function clockProblem(skew: () => Promise<number>): Promise<string | undefined> {
  const ms = await skew().catch(() => 0);
  if (Math.abs(ms) <= SKEW_MAX_MS) return undefined;
  return `the clock of this machine is ${Math.round(Math.abs(ms) / 1_000)} s ${ms > 0 ? 'ahead of' : 'behind'} the database's`;
}
