import { archOf, RuntimeCache } from "../flash/runtimeCache";
import { failed, ok, type Check } from "./check";

/** Whether DeviceScript's runtime is in the cache for each of these chips, as it was fetched. */
export function checkRuntime(cache: RuntimeCache, archIds: readonly string[]): Check {
  const here: string[] = [];
  const problems: string[] = [];
  for (const archId of archIds) {
    try {
      here.push(`${archId} ${cache.read(archOf(archId)).version}`);
    } catch (error) {
      problems.push((error as Error).message.split(": run ")[0] ?? archId);
    }
  }
  return problems.length === 0
    ? ok("runtime", `in the cache: ${here.join(", ")}`)
    : failed(
        "runtime",
        problems.join("; "),
        "streetnode flash --fetch-runtime (needs the internet once)",
      );
}
