import { readFileSync } from "node:fs";
import { InputError } from "../inputError";

/**
 * Makes a running Mosquitto read its users and rights again (SIGHUP); nobody who still may
 * is disconnected by that.
 *
 * @param pidFile the file that `pid_file` in mosquitto.conf names
 * @throws InputError when no Mosquitto runs under the number in the file
 */
export function reloadMosquitto(pidFile: string): void {
  let pid: number;
  try {
    pid = Number(readFileSync(pidFile, "utf8").trim());
  } catch (error) {
    throw new InputError(
      `--reload ${pidFile} cannot be read (${(error as NodeJS.ErrnoException).code}): is Mosquitto running?`,
    );
  }
  if (!Number.isInteger(pid) || pid < 2 || !isMosquitto(pid))
    throw new InputError(`--reload ${pidFile}: no Mosquitto runs as process ${pid}`);
  try {
    process.kill(pid, "SIGHUP");
  } catch (error) {
    throw new InputError(
      `--reload ${pidFile}: process ${pid} cannot be signalled (${(error as NodeJS.ErrnoException).code}): run it as its user, or as root`,
    );
  }
}

/** A pid file may be old, and SIGHUP ends most other programs. */
function isMosquitto(pid: number): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").startsWith("mosquitto");
  } catch {
    // No /proc there: the number must do, as long as something runs under it.
    return process.platform !== "linux";
  }
}
