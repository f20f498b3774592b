import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCityDatabase, type CityDatabase } from "../../src/history/cityDatabase";
import { Inventory } from "../../src/inventory/inventory";
import { fitsSignIn, hashSignIn, passwordProblem } from "../../src/people/password";
import { People } from "../../src/people/people";
import { ACTIONS, ROLES, actionsOf } from "../../src/people/roles";
import { AGE_MAX_MS, IDLE_MAX_MS, Sessions } from "../../src/people/sessions";
import { SignInLimit } from "../../src/people/signInLimit";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-people-"));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("the table of roles: who may do what", () => {
  const table = ROLES.map((role) => [
    role,
    ...ACTIONS.map((a) => actionsOf(role, false).includes(a)),
  ]);
  expect([["", ...ACTIONS], ...table]).toEqual([
    ["", "watch", "export", "command", "visit", "configure", "audit"],
    ["viewer", true, true, false, false, false, false],
    ["crew", true, true, true, true, false, false],
    ["technician", true, true, true, true, true, false],
    ["operator", true, true, true, true, true, true],
  ]);
  expect([actionsOf(undefined, true), actionsOf(undefined, false)]).toEqual([["watch"], []]);
});

describe("a password", () => {
  it("fits what is kept of it, in either form of its accents, and nothing else does", async () => {
    const kept = await hashSignIn("été à Berkane");
    expect(kept).toMatch(/^\$scrypt\$ln=15,r=8,p=3\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
    expect(await fitsSignIn("été à Berkane".normalize("NFD"), kept)).toBe(true);
    expect(await fitsSignIn("été à Berkane ", kept)).toBe(false);
    expect(await fitsSignIn("été à Berkane", undefined)).toBe(false);
    expect(await hashSignIn("été à Berkane")).not.toBe(kept);
  });

  it("keeps fitting with parameters of another time", async () => {
    // RFC 7914 section 12, the third vector: "pleaseletmein" with the salt "SodiumChloride".
    const kept =
      "$scrypt$ln=14,r=8,p=1$U29kaXVtQ2hsb3JpZGU$cCO9yzr9c0hGHAbNgf046/2o+7qQT44+qbVD9lRdofLVQylVYT8Pz2LUlwUkKpr55h6F3A1lHkDfzwF7RVdYhw";
    expect(await fitsSignIn("pleaseletmein", kept)).toBe(true);
    expect(await fitsSignIn("pleaseletmeIn", kept)).toBe(false);
  });

  it("must be long enough, in characters as people count them", () => {
    expect(passwordProblem("كلمة السر طويلة")).toBeUndefined();
    expect(passwordProblem("eleven char")).toBe("must have 12 to 128 characters, has 11");
    expect(passwordProblem("x".repeat(129))).toContain("has 129");
  });
});

describe("attempts to sign in", () => {
  let nowMs: number;
  let limit: SignInLimit;

  beforeEach(() => {
    nowMs = 0;
    limit = new SignInLimit(() => nowMs);
  });

  it("are limited by name, wherever they come from, and free again with time", () => {
    for (let i = 0; i < 5; i++) expect(limit.attempt("amina", `10.0.0.${i}`)).toBe(0);
    expect(limit.attempt("amina", "10.0.1.1")).toBe(60_000);
    expect(limit.attempt("brahim", "10.0.1.1")).toBe(0);
    nowMs = 59_000;
    expect(limit.attempt("amina", "10.0.1.1")).toBe(1000);
    nowMs = 60_000;
    expect(limit.attempt("amina", "10.0.1.1")).toBe(0);
    expect(limit.attempt("amina", "10.0.1.1")).toBe(60_000);
  });

  it("are limited by address, of IPv6 by network, whatever the name is", () => {
    for (let i = 0; i < 20; i++)
      expect(limit.attempt(`name-${i}`, i % 2 ? "2001:db8:1:2::1" : `2001:db8:1:2:a::${i}`)).toBe(
        0,
      );
    expect(limit.attempt("another", "2001:db8:1:2::ff")).toBe(15_000);
    expect(limit.attempt("another", "2001:db8:1:3::ff")).toBe(0);
    expect(limit.attempt("third", "192.0.2.1")).toBe(0);
    expect(limit.attempt("fourth", "::ffff:192.0.2.1")).toBe(0);
  });

  it("that succeed cost nothing", () => {
    for (let i = 0; i < 100; i++) {
      expect(limit.attempt("amina", "10.0.0.1")).toBe(0);
      limit.succeeded("amina", "10.0.0.1");
    }
  });

  it("never pass more often than the allowance, however they are spread", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 90_000 }), { maxLength: 200 }), (pauses) => {
        let timeMs = 0;
        const fresh = new SignInLimit(() => timeMs);
        let passed = 0;
        for (const [i, pauseMs] of pauses.entries()) {
          timeMs += pauseMs;
          if (fresh.attempt("amina", `10.0.0.${i}`) === 0) passed++;
          expect(passed).toBeLessThanOrEqual(5 + timeMs / 60_000 + 1e-6);
        }
      }),
    );
  });
});

describe("a session", () => {
  let database: CityDatabase;
  let nowMs: number;
  let sessions: Sessions;
  const signInOf = (name: string) => (name === "amina" ? "kept" : undefined);

  beforeEach(() => {
    nowMs = 1e12;
    database = openCityDatabase(join(folder, "city.db"), "berkane");
    sessions = new Sessions(database, () => nowMs);
  });

  afterEach(() => database.close());

  it("survives a restart, and only its hash is on disk", () => {
    const token = sessions.begin("amina", "kept");
    expect(JSON.stringify(database.db.all("SELECT * FROM sessions"))).not.toContain(token);
    expect(new Sessions(database, () => nowMs).find(token, signInOf)).toBe("amina");
    expect(sessions.find("x", signInOf)).toBeUndefined();
  });

  it("ends when nobody uses it, at a great age, and not before", () => {
    const idle = sessions.begin("amina", "kept");
    const used = sessions.begin("amina", "kept");
    nowMs += IDLE_MAX_MS;
    expect(sessions.find(used, signInOf)).toBe("amina");
    nowMs += 1;
    expect(sessions.find(idle, signInOf)).toBeUndefined();
    // Its use was written down: a restart does not forget it.
    sessions = new Sessions(database, () => nowMs);
    for (const endMs = 1e12 + AGE_MAX_MS; nowMs <= endMs; nowMs += IDLE_MAX_MS / 2)
      expect(sessions.find(used, signInOf)).toBe("amina");
    expect(sessions.find(used, signInOf)).toBeUndefined();
    expect(database.db.all("SELECT * FROM sessions")).toEqual([]);
  });

  it("ends with another password, with its person, and on request", () => {
    const tokens = [1, 2, 3].map(() => sessions.begin("amina", "kept"));
    expect(sessions.find(tokens[0] ?? "", () => "other")).toBeUndefined();
    expect(sessions.find(tokens[1] ?? "", () => undefined)).toBeUndefined();
    sessions.end(tokens[2] ?? "");
    for (const token of tokens) expect(sessions.find(token, signInOf)).toBeUndefined();
  });

  it("is one of ten of a person at most", () => {
    const tokens = Array.from({ length: 11 }, () => {
      nowMs++;
      return sessions.begin("amina", "kept");
    });
    expect(tokens.map((token) => sessions.find(token, signInOf) !== undefined)).toEqual([
      false,
      ...Array.from({ length: 10 }, () => true),
    ]);
  });
});

describe("the inventory's people", () => {
  it("are known with their roles as soon as they are added, changed or removed", async () => {
    const inventory = new Inventory(join(folder, "inventory.db"));
    inventory.create();
    inventory.addPerson("centre", "centre");
    const people = new People(inventory);
    expect(people.find("amina")).toBeUndefined();
    inventory.addSignIn("amina", "crew", await hashSignIn("one password!"));
    expect(await people.check("amina", "one password!")).toMatchObject({ role: "crew" });
    inventory.changeSignIn("amina", await hashSignIn("two passwords"));
    expect(await people.check("amina", "one password!")).toBeUndefined();
    expect(await people.check("amina", "two passwords")).toMatchObject({ name: "amina" });
    // A program at the broker is nobody who signs in.
    expect(people.find("centre")).toBeUndefined();
    expect(() => inventory.addSignIn("centre", "crew", "x")).toThrow("already a user");
    inventory.removePerson("amina");
    expect(people.find("amina")).toBeUndefined();
    expect(inventory.audit().map(({ what, name }) => `${what} ${name}`)).toEqual([
      "person-added centre",
      "person-added amina",
      "password-changed amina",
      "person-removed amina",
    ]);
  });
});
