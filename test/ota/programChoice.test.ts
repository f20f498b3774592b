import { beforeEach, describe, expect, it } from "vitest";
import { BrokerPresence } from "../../src/ota/brokerPresence";
import type { Contact } from "../../src/ota/gateway";
import type { Image } from "../../src/ota/image";
import { KnownImages } from "../../src/ota/knownImages";
import { NodePrograms } from "../../src/ota/nodePrograms";
import type { NodeProgram, OtaStore } from "../../src/ota/otaStore";
import { ProgramChoice } from "../../src/ota/programChoice";
import { SeenNodes } from "../../src/ota/seenNodes";
import { NO_PROGRAM } from "../../src/ota/transfer";
import { Troubles } from "../../src/ota/troubles";
import { UnsavedChanges, type UpdateNote } from "../../src/ota/unsavedChanges";

const NODE = "bk-0001";
const MINUTE_MS = 60_000;
const [OLD, NEW, OTHER] = ["old", "new", "other"] as const;
/** Starts that are no chance any more. */
const CRASHING = 3;

let nowMs: number;
let brokerRuns: boolean;
let broker: BrokerPresence;
let nodes: SeenNodes;
let programs: NodePrograms;
let notes: UpdateNote[];
let choice: ProgramChoice;

beforeEach(() => {
  nowMs = 1_800_000_000_000;
  brokerRuns = true;
  notes = [];
  const images = [OLD, NEW, OTHER].map((hash, shortHash) => ({ hash, shortHash }) as Image);
  const store = {
    images: () => new Map(images.map((image) => [image.hash, image])),
    programs: () => new Map<string, NodeProgram>(),
  } as OtaStore;
  const clock = { nowMs: () => nowMs, after: () => ({ cancel: () => {} }) };
  const changes = new UnsavedChanges(store, (note) => notes.push(note));
  broker = new BrokerPresence(clock, () => brokerRuns);
  nodes = new SeenNodes();
  programs = new NodePrograms(store, changes);
  choice = new ProgramChoice({
    clock,
    broker,
    nodes,
    images: new KnownImages(store),
    programs,
    changes,
    troubles: new Troubles(clock, changes),
  });
});

function chosen(hash: string, contact: Partial<Contact> = {}): string | undefined {
  const visit = { node: NODE, hash, sinceMs: nowMs, starts: 0, panic: "", ...contact };
  return choice.programFor(visit)?.hash;
}

/** The node says that it leaves for the gateway. */
function leaves(): void {
  nodes.stateCame(NODE, { state: "offline", reason: "updating", boot: 1 }, nowMs);
}

describe("a node that runs something else than it is meant to", () => {
  beforeEach(() => programs.set(NODE, { wanted: NEW, good: OLD, forced: false }));

  it("gets the meant program when it came for that, holds none, or is forced to", () => {
    expect(chosen(OLD)).toBeUndefined();
    expect(chosen(NO_PROGRAM)).toBe(NEW);
    leaves();
    expect(chosen(OLD)).toBe(NEW);
    nodes.stateCame(NODE, { state: "offline", reason: "lost", boot: 1 }, nowMs);
    expect(chosen(OLD)).toBeUndefined();
    programs.set(NODE, { wanted: NEW, good: OLD, forced: true });
    expect(chosen(OLD)).toBe(NEW);
  });

  it("gets nothing for two minutes while it may hold readings for a broker that is away", () => {
    leaves();
    brokerRuns = false;
    broker.look();
    expect(choice.takeWithheld(NODE)).toBe(false);
    expect(chosen(OLD)).toBeUndefined();
    expect(choice.takeWithheld(NODE)).toBe(true);
    expect(choice.takeWithheld(NODE)).toBe(false);
    // The connection began when the broker had just come back.
    nowMs += MINUTE_MS;
    brokerRuns = true;
    broker.look();
    const sinceMs = nowMs + MINUTE_MS;
    nowMs = sinceMs + 2 * MINUTE_MS;
    expect(chosen(OLD, { sinceMs })).toBeUndefined();
    nowMs++;
    expect(chosen(OLD, { sinceMs })).toBe(NEW);
    expect(chosen(OLD)).toBe(NEW);
  });
});

describe("a node whose program crashes at every start", () => {
  const crashing = { starts: CRASHING, panic: "panic 60014" };

  it("gets the last program that it was well with, and what it is meant to run where that one crashes", () => {
    programs.set(NODE, { wanted: NEW, good: OLD, forced: false });
    expect(chosen(NEW, { starts: CRASHING - 1 })).toBeUndefined();
    expect(chosen(NEW, crashing)).toBe(OLD);
    expect(chosen(OTHER, crashing)).toBe(OLD);
    expect(chosen(OLD, crashing)).toBe(NEW);
    programs.set(NODE, { wanted: OLD, good: OLD, forced: false });
    expect(chosen(OLD, crashing)).toBeUndefined();
  });

  it("is rescued by a program that it was not meant to run, and is meant to run that from then on", () => {
    programs.set(NODE, { wanted: NEW, good: OLD, forced: true });
    expect(choice.transferStarted(NODE, NEW)).toBe(false);
    expect(notes).toEqual([]);
    expect(choice.transferStarted(NODE, OLD)).toBe(true);
    expect(notes).toMatchObject([{ what: "node-rescued", node: NODE }]);
    expect(programs.of(NODE)).toEqual({ wanted: OLD, good: OLD, forced: false });
  });

  it("is told of once an hour where no program is known that it was well with", () => {
    expect(chosen(OTHER, crashing)).toBeUndefined();
    expect(chosen(OTHER, crashing)).toBeUndefined();
    expect(notes).toMatchObject([{ what: "node-crashes", node: NODE }]);
    expect(notes[0]?.detail).toMatch(/^panic 60014: .* must be flashed$/);
    nowMs += 60 * MINUTE_MS;
    expect(chosen(OTHER, crashing)).toBeUndefined();
    expect(notes).toHaveLength(2);
  });
});
