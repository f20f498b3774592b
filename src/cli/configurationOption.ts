import { checkConfig } from "../../devs/contract/config";
import { metricNames } from "../../devs/contract/metrics";
import { InputError } from "../inputError";

/**
 * Turns `--set PATH=VALUE` options into a part of the configuration document. A value
 * is JSON (`60`, `true`, `{"deadband":2}`, `null` for the default), a hexadecimal number as
 * addresses of chips are written (`0x77`), or else a string.
 * `*` as a channel's name means every channel. They are laid over `base`.
 *
 * @throws InputError that names the option, or what the node would refuse.
 */
export function configurationFrom(
  settings: readonly string[],
  base: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  const document = structuredClone(base) as Record<string, unknown>;
  for (const setting of settings) {
    const at = setting.indexOf("=");
    const path = setting.slice(0, at).split(".");
    if (at < 1 || path.some((part) => part === "" || part === "__proto__"))
      throw new InputError(
        `--set ${setting}: expected PATH=VALUE, such as channels.pm25.periodS=60`,
      );
    const value = valueOf(setting.slice(at + 1));
    if (path[0] === "channels" && path[1] === "*")
      for (const name of metricNames()) put(document, ["channels", name, ...path.slice(2)], value);
    else put(document, path, value);
  }
  const [problem] = checkConfig(document);
  if (problem) throw new InputError(`--set: ${problem.path}: ${problem.reason}`);
  return document;
}

function valueOf(text: string): unknown {
  if (/^0x[0-9a-f]{1,8}$/i.test(text)) return Number(text);
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function put(document: Record<string, unknown>, path: string[], value: unknown): void {
  let part = document;
  for (const key of path.slice(0, -1)) {
    const next = part[key];
    if (typeof next === "object" && next !== null) part = next as Record<string, unknown>;
    else part = part[key] = {};
  }
  part[path.at(-1) as string] = value;
}
