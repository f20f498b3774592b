import { renameSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { InventoryError } from "../../src/inventory/inventoryError";
import { newSigningKey } from "../../src/ota/image";
import { ScriptedUpdates } from "../support/scriptedUpdates";

const MINUTE_MS = 60_000;
const [A, B, C] = ["bk-0001", "bk-0002", "bk-0003"] as const;

let city: ScriptedUpdates;
beforeEach(() => {
  city = new ScriptedUpdates([A, B, C]);
});
afterEach(() => city.close());

/** Every node runs the old program, and gives readings. */
function allRun(names: readonly string[] = city.names): void {
  for (const name of names) {
    city.starts(name, city.before, { start: "power-on" });
    city.reads(name);
  }
  city.run(MINUTE_MS);
}

/** A node that was asked fetches the new program and comes back. */
function updates(node: string): void {
  city.leaves(node);
  city.run(30_000);
  city.starts(node, city.image);
  city.reads(node);
  city.run(2000);
}

describe("a rollout whose gateway or broker was away for longer than a node may be", () => {
  it("goes on when the gateway comes back, and gives the node its time anew", () => {
    allRun();
    city.rollout({ backMs: 10 * MINUTE_MS });
    city.run(10_000);
    city.leaves(A);
    city.run(10_000);
    expect(city.step(A).state).toBe("away");
    city.killGateway();
    city.run(3 * 60 * MINUTE_MS);
    city.startGateway();
    city.run(5 * MINUTE_MS);
    expect(city.state).toBe("canary");
    expect(city.step(A).state).toBe("away");
    updates(A);
    expect(city.step(A).state).toBe("watched");
  });

  it("goes on when the broker comes back, and fails who is not back even then", () => {
    allRun();
    city.rollout({ backMs: 10 * MINUTE_MS });
    city.run(10_000);
    city.leaves(A);
    city.run(10_000);
    city.brokerRuns = false;
    city.run(60 * MINUTE_MS);
    city.brokerRuns = true;
    city.run(9 * MINUTE_MS);
    expect(city.state).toBe("canary");
    city.run(2 * MINUTE_MS);
    expect(city.state).toBe("rolling-back");
    expect(city.step(A).detail).toContain("not back within 10 minutes");
  });
});

describe("an inventory that cannot be used for a while", () => {
  it("holds a rollout up, and ends nothing", () => {
    allRun();
    city.rollout();
    const { file } = city.inventory;
    renameSync(file, `${file}.away`);
    city.run(MINUTE_MS);
    expect(city.problems).toHaveLength(1);
    expect(city.problems[0]).toContain("updates wait: there is no inventory at");
    expect(city.commands).toEqual([]);
    renameSync(`${file}.away`, file);
    city.run(10_000);
    expect(city.step(A).state).toBe("asked");
    expect(city.commands).toHaveLength(1);
  });

  it("lets no rollout begin without its nodes", () => {
    allRun();
    city.rollout();
    vi.spyOn(city.store, "steps").mockImplementationOnce(() => {
      throw new InventoryError("busy", "somebody else holds it");
    });
    city.run(10_000);
    expect(city.problems).toEqual(["updates wait: somebody else holds it"]);
    expect(city.state).toBe("canary");
    expect(city.step(A).state).toBe("asked");
  });

  it("lets a rollout be over although that is written later", () => {
    allRun();
    city.rollout();
    for (const name of city.names) {
      city.run(10_000);
      updates(name);
      if (name !== C) city.run(70_000);
    }
    const save = city.store.save.bind(city.store);
    let refused = 0;
    vi.spyOn(city.store, "save").mockImplementation((change) => {
      if (change.rollout?.state === "done" && refused++ === 0)
        throw new InventoryError("busy", "somebody else holds it");
      save(change);
    });
    city.run(70_000);
    expect(city.problems).toHaveLength(1);
    expect(city.state).toBe("done");
    city.starts(A, city.image, { start: "crash" });
    city.run(10_000);
    expect(city.step(A).state).toBe("good");
    expect(city.store.programs().get(A)).toMatchObject({ wanted: city.image.hash, forced: false });
  });
});

describe("a rollout that fails on a node that was good", () => {
  it("is taken back from all, also by a gateway that began after that", () => {
    allRun();
    city.rollout({ limit: 0.4 });
    for (const name of [A, B]) {
      city.run(10_000);
      updates(name);
      city.run(70_000);
      expect(city.step(name).state).toBe("good");
    }
    city.run(10_000);
    // One of three, not a canary, is below the limit.
    city.starts(B, city.image, { start: "crash" });
    city.run(2000);
    expect(city.step(B).detail).toContain("restarted by itself (crash), after it was good");
    expect(city.state).toBe("batch");
    city.killGateway();
    city.startGateway();
    city.run(10_000);
    updates(C);
    city.starts(C, city.image, { start: "crash" });
    city.run(2000);
    expect(city.state).toBe("rolling-back");
    // It has failed nowhere yet, and may as well.
    expect(city.step(A)).toMatchObject({ state: "returning" });
    expect(city.step(A).detail).toContain("another node failed with it");
  });
});

describe("a node that was asked", () => {
  it("has not come back because the broker says again what it retains", () => {
    allRun();
    city.rollout();
    city.run(10_000);
    city.says(A, {
      state: "online",
      reason: "boot",
      boot: 1,
      program: city.before.shortHash,
      start: "power-on",
    });
    city.run(2000);
    expect(city.step(A)).toMatchObject({ state: "asked", attempts: 1 });
    expect(city.commands).toHaveLength(1);
  });

  it("has not come back because the broker tells a new gateway what it retains", () => {
    allRun();
    city.rollout();
    city.run(10_000);
    city.killGateway();
    city.startGateway();
    city.run(10_000);
    expect(city.step(A)).toMatchObject({ state: "asked", attempts: 1 });
    expect(city.commands).toHaveLength(1);
    updates(A);
    expect(city.step(A).state).toBe("watched");
  });

  it("is away when it does as it was told only after it was given up for this time", () => {
    allRun();
    city.rollout();
    city.run(10_000);
    city.starts(A, city.before, { start: "power-on" });
    city.leaves(A);
    city.run(2000);
    expect(city.step(A)).toMatchObject({ state: "away", attempts: 1 });
    city.starts(A, city.image);
    city.run(2000);
    expect(city.step(A).state).toBe("watched");
  });
});

describe("a node that is not there", () => {
  it("gives its place to another one, and comes last", () => {
    allRun([B, C]);
    city.rollout();
    city.run(4 * MINUTE_MS);
    expect(city.step(A)).toMatchObject({ stage: 0, state: "waiting" });
    city.run(2 * MINUTE_MS);
    expect(city.step(A)).toMatchObject({ stage: 1, detail: "not on the broker" });
    expect(city.step(B)).toMatchObject({ stage: 0, state: "asked" });
    for (const name of [B, C]) {
      updates(name);
      city.run(8 * MINUTE_MS);
      expect(city.step(name).state).toBe("good");
    }
    expect(city.step(A)).toMatchObject({ stage: 2, state: "waiting", detail: "not on the broker" });
    city.starts(A, city.before);
    city.reads(A);
    city.run(10_000);
    expect(city.step(A).state).toBe("asked");
    expect(city.step(A).detail).toBeUndefined();
    updates(A);
    city.run(2 * MINUTE_MS);
    expect(city.state).toBe("done");
  });
});

describe("a rollout that is over", () => {
  it("leaves no order behind for a node that was asked and never went", () => {
    allRun();
    const id = city.rollout({ backMs: 10 * MINUTE_MS });
    city.run(10_000);
    city.leaves(A);
    city.starts(A, city.before, { reason: "not-updated", start: "power-on" });
    city.store.wish(id, "pause");
    city.run(10_000);
    expect(city.step(A)).toMatchObject({ state: "waiting", attempts: 1 });
    city.store.wish(id, "abort");
    city.run(10_000);
    expect(city.state).toBe("stopped");
    expect(city.store.programs().get(A)).toEqual({
      wanted: city.before.hash,
      good: city.before.hash,
      forced: false,
    });
  });

  it("forces nothing on a node that has its old program back", () => {
    allRun();
    const id = city.rollout({ canaryWaitMs: 30 * MINUTE_MS });
    city.run(10_000);
    updates(A);
    city.store.wish(id, "abort");
    city.run(10_000);
    expect(city.store.programs().get(A)).toMatchObject({ forced: true });
    city.starts(A, city.before);
    city.run(2000);
    expect(city.state).toBe("stopped");
    expect(city.store.programs().get(A)).toMatchObject({ wanted: city.before.hash, forced: false });
    // A technician writes another one by cable: it is the one to come back to when it has been well.
    const third = city.add(3, "3.0.0");
    city.starts(A, third, { start: "power-on" });
    city.run(11 * MINUTE_MS);
    expect(city.store.programs().get(A)).toMatchObject({ wanted: third.hash, good: third.hash });
  });
});

describe("a node that is written by a cable while it is watched", () => {
  it("does not count as good with what nobody asked for", () => {
    allRun();
    city.rollout();
    city.run(10_000);
    updates(A);
    city.starts(A, city.add(3, "3.0.0"), { start: "power-on" });
    city.run(10_000);
    expect(city.step(A).detail).toContain("neither the old nor the new one");
    expect(city.state).toBe("rolling-back");
  });

  it("says so where that is its old program", () => {
    allRun();
    city.rollout();
    city.run(10_000);
    updates(A);
    city.starts(A, city.before, { start: "power-on" });
    city.run(10_000);
    expect(city.step(A)).toMatchObject({ detail: "is back with its old program" });
    expect(city.state).not.toBe("canary");
  });
});

describe("a canary", () => {
  it("is watched for longer than the others when the plan says so", () => {
    allRun();
    city.rollout({ waitMs: MINUTE_MS, canaryWaitMs: 3 * MINUTE_MS });
    city.run(10_000);
    updates(A);
    city.run(2 * MINUTE_MS);
    expect(city.step(A).state).toBe("watched");
    city.run(MINUTE_MS);
    expect(city.step(A).state).toBe("good");
    city.run(10_000);
    updates(B);
    city.run(70_000);
    expect(city.step(B).state).toBe("good");
  });
});

describe("what is wished of a rollout", () => {
  it("is refused where it cannot be, and nothing takes an abort back", () => {
    allRun();
    const id = city.rollout();
    const wish = (what: "pause" | "resume" | "abort") => () => city.store.wish(id, what);
    expect(wish("resume")).toThrow(`rollout ${id} is not paused (canary)`);
    wish("pause")();
    wish("resume")();
    wish("pause")();
    city.run(10_000);
    expect(city.state).toBe("paused");
    expect(wish("pause")).toThrow("is paused already");
    wish("abort")();
    expect(wish("resume")).toThrow("is being stopped");
    city.run(20_000);
    expect(city.state).toBe("stopped");
    expect(wish("abort")).toThrow("is stopped: there is nothing to abort");
    expect(() => city.store.wish(77, "abort")).toThrow("there is no rollout 77");
  });

  it("stays wished until it is done, so that no gateway that was killed has it for itself", () => {
    allRun();
    const id = city.rollout();
    city.store.wish(id, "pause");
    expect(city.store.changes().wish).toBe("pause");
    expect(city.store.changes().wish).toBe("pause");
    city.run(10_000);
    expect(city.state).toBe("paused");
    expect(city.store.changes().wish).toBeUndefined();
  });
});

describe("a signing key", () => {
  it("is never kept with its secret half", () => {
    const { privateKey } = newSigningKey();
    expect(() => city.store.trust(privateKey)).toThrow("holds the secret half");
    expect(city.store.signers()).toHaveLength(1);
  });

  it("that is trusted no more takes its images along, and leaves the others", () => {
    const other = newSigningKey();
    const key = city.store.trust(other.publicKey);
    const theirs = city.add(4, "4.0.0", other.privateKey);
    expect(() => city.store.distrust("ffff")).toThrow("no trusted key begins with ffff");
    expect(() => city.store.distrust("")).toThrow("begins more than one key");
    allRun();
    const id = city.rollout({}, theirs.hash);
    expect(() => city.store.distrust(key)).toThrow("abort it first");
    city.store.wish(id, "abort");
    city.run(20_000);
    expect(city.state).toBe("stopped");
    expect(city.store.distrust(key.slice(0, 6))).toEqual({ key, images: 1 });
    expect([...city.store.images().keys()].sort()).toEqual(
      [city.before.hash, city.image.hash].sort(),
    );
    expect(city.inventory.audit().map(({ what }) => what)).toContain("signer-distrusted");
    // What is left works as before, also with a new gateway.
    city.killGateway();
    city.startGateway();
    city.rollout();
    city.run(10_000);
    expect(city.step(A).state).toBe("asked");
  });
});

describe("an image", () => {
  it("that is added while the gateway runs is known to it", () => {
    allRun();
    const third = city.add(3, "3.0.0");
    city.starts(A, third);
    city.run(11 * MINUTE_MS);
    expect(city.store.programs().get(A)?.good).toBe(third.hash);
  });

  it("that is older than what nodes run is brought only when that is meant", () => {
    allRun();
    const newer = city.add(10, "10.0.0");
    city.starts(B, newer);
    city.run(11 * MINUTE_MS);
    expect(() => city.rollout()).toThrow(`${B} runs a newer version than 2.0.0: --older`);
    expect(city.rollout({}, city.image.hash, true)).toBe(1);
  });

  it("is asked for by enough of its hash", () => {
    expect(() => city.rollout({}, "")).toThrow("more than one image");
    expect(() => city.rollout({}, "123456")).toThrow("no image 123456 is known");
  });
});

it("knows no key of a node that is retired", () => {
  expect([...city.store.updateKeys().keys()]).toEqual(city.names);
  city.inventory.retire(A, "stolen");
  expect([...city.store.updateKeys().keys()]).toEqual([B, C]);
});
