import fc from "fast-check";

/**
 * Property tests try the same inputs in every run, so that a failure is due to the change
 * at hand. `STREETNODE_SEED=random npm test` tries others, and a number those of that seed.
 */
const wish = process.env["STREETNODE_SEED"] ?? "1";

if (wish !== "random") {
  const seed = Number(wish);
  if (!Number.isInteger(seed))
    throw new Error(`STREETNODE_SEED: expected a whole number or "random", got "${wish}"`);
  fc.configureGlobal({ seed });
}
