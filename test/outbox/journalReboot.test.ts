import { expect, it } from "vitest";
import { PROJECT_FOLDER } from "../../src/projectFolder";
import { seededRandom } from "../../src/sim/random";
import { Scheduler } from "../../src/sim/scheduler";
import { VmHost } from "../../src/sim/vm/vmHost";
import { compileProgram } from "../../src/toolchain/compile";

/** The flash at one of its changes, and what the program had said until then. */
interface Moment {
  readonly flash: Uint8Array;
  readonly lines: string[];
}

/** One boot in the VM, to the end; `flash` holds the program unless it is given. */
async function boot(flash: Uint8Array, program?: Uint8Array): Promise<Moment[]> {
  const scheduler = new Scheduler();
  const lines: string[] = [];
  const moments: Moment[] = [];
  const host = await VmHost.create({
    scheduler,
    network: {
      connect() {
        throw new Error("this program has no network");
      },
    },
    random: seededRandom(1),
    deviceId: [1, 2],
    flash,
    onLog: (line) => lines.push(line.replace(/^ *> /, "")),
    onPanic: (code) => lines.push(`PANIC ${code}`),
    onFlashSave: (image) => moments.push({ flash: image.slice(), lines: [...lines] }),
  });
  host.start();
  if (program) {
    scheduler.runUntil(100);
    host.deploy(program);
    // What happens to the flash before the program is in it is not the journal's.
    moments.length = 0;
    lines.length = 0;
  }
  while (scheduler.nowMs < 600_000 && !lines.includes("DONE")) if (!scheduler.runNext()) break;
  moments.push({ flash: host.flash, lines });
  host.stop();
  return moments;
}

/** The packs named by the lines that begin so: `boot seq`, and what stands behind it. */
function packs(lines: readonly string[], word: string): Map<string, string> {
  const found = lines.map((line) => /^(\w+) (\d+ \d+)(.*)$/.exec(line));
  return new Map(found.filter((m) => m?.[1] === word).map((m) => [m?.[2] ?? "", m?.[3] ?? ""]));
}

/** What the pack of that name holds: the readings of a boot are numbered. */
function contentOf(name: string): string {
  const [bootCount, seq] = name.split(" ").map(Number);
  return [...Array(12).keys()].map((i) => ` ${bootCount * 1000 + (seq - 1) * 12 + i}`).join("");
}

it("survives a power cut after every single write of the flash, in the VM", async () => {
  const { bytecode } = compileProgram("test/vm/journalReboot.main.ts", {
    projectFolder: PROJECT_FOLDER,
    version: "0.0.0",
  });
  const first = await boot(new Uint8Array(0), bytecode);
  expect(first.at(-1)?.lines).toContain("DONE");
  // The boot count, six blocks, a removal (nobody waits for the last one), and the end.
  expect(first.length).toBeGreaterThanOrEqual(9);
  expect(packs(first.at(-1)?.lines ?? [], "SAVED").size).toBe(6);
  let carriedOver = 0;
  for (const { flash, lines } of first) {
    const second = (await boot(flash)).at(-1);
    expect(second?.lines.filter((line) => line.startsWith("PANIC"))).toEqual([]);
    expect(second?.lines).toContain("DONE");
    const sentBefore = packs(lines, "SENT");
    const sentAfter = packs(second?.lines ?? [], "SENT");
    for (const name of packs(lines, "SAVED").keys())
      expect(sentBefore.has(name) || sentAfter.has(name), `pack ${name}`).toBe(true);
    for (const name of sentAfter.keys()) if (name.startsWith("1 ")) carriedOver++;
    for (const [name, content] of [...sentBefore, ...sentAfter])
      expect(content, `pack ${name}`).toBe(contentOf(name));
  }
  expect(carriedOver).toBeGreaterThan(20);
}, 300_000);
