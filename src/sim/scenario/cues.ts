import { durationMs } from "../../duration";
import { InputError } from "../../inputError";
import { groupsOf } from "../city/cityMap";
import { seededRandom, seedFor } from "../random";
import { streetPoleBus } from "../world/streetPole";
import { SyntheticDay } from "../world/syntheticDay";
import type { Action, NodeSelector, Scenario, Step } from "./scenario";

/** One thing that happens, to one node or to all of the city. */
export interface Cue {
  /** Milliseconds from the start of the run. */
  readonly atMs: number;
  /** When it is over: the same as `atMs` for what takes no time, Infinity for what stays. */
  readonly untilMs: number;
  /** Undefined: it happens to the whole city. */
  readonly node?: string;
  readonly action: Action;
}

const DAY_MS = 86_400_000;

/** What happens to the broker and the beacon happens to all. */
const CITY_WIDE: readonly Action["do"][] = ["broker-down", "beacon-wrong"];

/** More than this happens in no run: each has a place in the memory of every thread. */
const CUES_MAX = 200_000;

/**
 * All that happens in a run of a scenario, in the order of time. What is left to chance
 * hangs on the seed, the step and the node, so one node more changes nothing for the others.
 *
 * @param name how messages call the scenario
 * @throws InputError when a step names a node, group or chip that the run does not have, a
 *   fault that the chip cannot have, or happens too often
 */
export function cuesOf(
  scenario: Scenario,
  nodes: readonly string[],
  seed: number,
  name = "the scenario",
): Cue[] {
  const steps = scenario.steps ?? [];
  const named = (step: number) => `${name}: steps[${step}]`;
  steps.forEach((step, i) => checkChip(step, named(i)));
  const everybody = steps.map((step, i) =>
    CITY_WIDE.includes(step.do)
      ? [undefined]
      : selected(step.nodes ?? "all", nodes, seed, i, `${named(i)}.nodes`),
  );
  let likely = 0;
  steps.forEach((step, i) => {
    likely += (everybody[i]?.length ?? 0) * likelyTimes(step, durationMs(scenario.for));
    if (likely > CUES_MAX)
      throw new InputError(
        `${named(i)}: with it more than ${CUES_MAX} things happen; take a lower rate, fewer nodes or a shorter time`,
      );
  });
  const cues = steps.flatMap((step, i) => {
    const who = everybody[i] ?? [];
    return who.flatMap((node) =>
      timesOf(step, durationMs(scenario.for), seed, `${i}/${node ?? "city"}`).flatMap((atMs) =>
        cuesAt(step, atMs, node),
      ),
    );
  });
  // The sort is stable: what happens at one time stays in the order of the steps and nodes.
  return numbered(cues.sort((a, b) => a.atMs - b.atMs));
}

/** Lets a chip of a pole of its own have the fault: it knows best whether it can. */
function checkChip(step: Step, where: string): void {
  if (step.do !== "chip-fault") return;
  const bus = streetPoleBus(new SyntheticDay({ seed: 0, node: "bk-0001", startUtcMs: 0 }));
  const chip = bus.chip(step.chip);
  if (!chip) {
    const known = bus.chips.map(({ name }) => name).join(", ");
    throw new InputError(`${where}.chip: no chip '${step.chip}' on a pole, there are ${known}`);
  }
  try {
    chip.faults.set(step.fault, 0);
  } catch (e) {
    throw e instanceof InputError ? new InputError(`${where}.fault: ${e.message}`) : e;
  }
}

/** Gives commands their ids and configurations their versions, where the scenario gives none. */
function numbered(cues: readonly Cue[]): Cue[] {
  const counts = new Map<string, number>();
  return cues.map((cue) => {
    const { action, node = "" } = cue;
    if (action.do !== "configure" && action.do !== "command") return cue;
    const count = (counts.get(node) ?? 0) + 1;
    counts.set(node, count);
    return action.do === "configure"
      ? { ...cue, action: { ...action, document: { version: count, ...action.document } } }
      : { ...cue, action: { ...action, command: { id: `sim-${count}`, ...action.command } } };
  });
}

function cuesAt(step: Step, atMs: number, node: string | undefined): Cue[] {
  const who = node === undefined ? {} : { node };
  if (step.do === "brown-out") {
    const everyMs = durationMs(step.every);
    return Array.from({ length: step.times }, (_, i) => ({
      atMs: atMs + i * everyMs,
      untilMs: atMs + i * everyMs + durationMs(step.off),
      ...who,
      action: step,
    }));
  }
  const lasts = "for" in step ? step.for : undefined;
  const stays = step.do === "chip-fault" || step.do === "lamp-out";
  const untilMs = lasts === undefined ? (stays ? Infinity : atMs) : atMs + durationMs(lasts);
  return [{ atMs, untilMs, ...who, action: step }];
}

/** How often a step is likely to happen to one node. */
function likelyTimes(step: Step, endMs: number): number {
  const each = step.do === "brown-out" ? step.times : 1;
  return step.rate ? (each * step.rate.perDay * endMs) / DAY_MS : each;
}

/** Once, or by chance: the time from one to the next is distributed exponentially. */
function timesOf(step: Step, endMs: number, seed: number, name: string): number[] {
  if (step.at !== undefined) return [durationMs(step.at)];
  if (!step.rate) return [];
  const random = seededRandom(seedFor(seed, `step ${name}`));
  const untilMs = step.until === undefined ? endMs : durationMs(step.until);
  const times: number[] = [];
  let atMs = step.from === undefined ? 0 : durationMs(step.from);
  for (;;) {
    atMs += (-Math.log(1 - random()) * DAY_MS) / step.rate.perDay;
    if (atMs >= untilMs) return times;
    times.push(Math.round(atMs));
  }
}

function selected(
  selector: NodeSelector,
  nodes: readonly string[],
  seed: number,
  step: number,
  where: string,
): readonly string[] {
  if (selector === "all") return nodes;
  if (typeof selector === "string" || isList(selector)) {
    const names = typeof selector === "string" ? [selector] : selector;
    const stranger = names.find((name) => !nodes.includes(name));
    if (stranger !== undefined)
      throw new InputError(`${where}: no node '${stranger}' in this run of ${nodes.length}`);
    return names;
  }
  if ("group" in selector) {
    const { group } = selector;
    const members = nodes.filter((node) => groupsOf(node).includes(group));
    if (members.length > 0) return members;
    const known = [...new Set(nodes.flatMap(groupsOf))].slice(0, 8).join(", ");
    throw new InputError(`${where}: no node in group '${group}'; there are ${known}, …`);
  }
  const chance = (node: string) => seededRandom(seedFor(seed, `${step}/${node}/share`))();
  const count = Math.max(1, Math.round(selector.share * nodes.length));
  const chosen = [...nodes].sort((a, b) => chance(a) - chance(b)).slice(0, count);
  return nodes.filter((node) => chosen.includes(node));
}

function isList(selector: NodeSelector): selector is readonly string[] {
  return Array.isArray(selector);
}
