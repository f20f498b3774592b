/** One value that is wanted and not in force, or the other way round. */
export interface Difference {
  /** Such as `channels.pm25.report.deadband`. */
  readonly path: string;
  /** Undefined where nothing is wanted: the default. */
  readonly wanted: unknown;
  /** Undefined where the default is in force. */
  readonly inForce: unknown;
}

/** Where two documents differ; a wish for the default (`null`) is as good as none. */
export function differences(wanted: unknown, inForce: unknown, path = ""): Difference[] {
  if (isObject(wanted) && (isObject(inForce) || inForce === undefined)) {
    const other = inForce ?? {};
    return [...new Set([...Object.keys(wanted), ...Object.keys(other)])].flatMap((key) =>
      differences(wanted[key], other[key], path === "" ? key : `${path}.${key}`),
    );
  }
  if (wanted === undefined && isObject(inForce))
    return Object.keys(inForce).flatMap((key) =>
      differences(undefined, inForce[key], path === "" ? key : `${path}.${key}`),
    );
  const wish = wanted ?? undefined;
  if (JSON.stringify(wish) === JSON.stringify(inForce)) return [];
  return [{ path, wanted: wish, inForce }];
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
