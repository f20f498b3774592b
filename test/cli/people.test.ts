import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { cityCommand } from "../../src/cli/commands/city";
import { peopleCommand } from "../../src/cli/commands/people";
import { Inventory } from "../../src/inventory/inventory";
import { People } from "../../src/people/people";

let folder: string;
let file: string;
let printed: string[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "streetnode-people-"));
  file = join(folder, "inventory.db");
  printed = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => printed.push(line));
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true, force: true });
});

function run(...args: string[]): Promise<unknown> {
  return peopleCommand()
    .exitOverride()
    .parseAsync([...args, "--inventory", file], { from: "user" });
}

it("adds, lists, changes and removes people, and never prints a password", async () => {
  const passwordFile = join(folder, "password.txt");
  writeFileSync(passwordFile, "the first password\n");
  await run("add", "amina", "--role", "crew", "--password-file", passwordFile);
  const people = new People(new Inventory(file));
  expect(await people.check("amina", "the first password")).toMatchObject({ role: "crew" });
  vi.stubEnv("STREETNODE_NEW_PASSWORD", "the second password");
  await run("password", "amina");
  expect(await people.check("amina", "the second password")).toMatchObject({ role: "crew" });
  await run("list", "--json");
  expect(JSON.parse(printed.at(-1) ?? "").people).toMatchObject([
    { name: "amina", role: "crew", atPages: true, atBroker: false },
  ]);
  await run("remove", "amina");
  expect(people.find("amina")).toBeUndefined();
  expect(printed.join("\n")).not.toMatch(/first|second|scrypt/);
});

it("says what is wrong", async () => {
  vi.stubEnv("STREETNODE_NEW_PASSWORD", "too short");
  await expect(run("add", "A B", "--role", "crew")).rejects.toThrow("A B: a name may hold only");
  await expect(run("add", "amina", "--role", "crew")).rejects.toThrow(
    "STREETNODE_NEW_PASSWORD: the password must have 12 to 128 characters, has 9",
  );
  await expect(run("password", "amina")).rejects.toThrow("nobody who signs in is called amina");
  await expect(run("remove", "amina")).rejects.toThrow("no person is called amina");
  await expect(
    run("add", "amina", "--role", "crew", "--password-file", join(folder, "none")),
  ).rejects.toThrow("--password-file");
});

it.each([
  [["--city", "B"], "--city B"],
  [["--tls-cert", "x"], "TLS needs both"],
  [["--tls-cert", "/none", "--tls-key", "/none"], "--tls-cert /none"],
  [["--trusted-proxy", "proxy"], "expected an IP address"],
  [["--map", "/none"], "--map /none"],
  [["--tiles", "https://tiles.example.org/{z}/{x}.png"], "{z}/{x}/{y}.png"],
  [["--tiles", "file:///{z}/{x}/{y}.png"], "expected an address such as https:"],
  [["--tiles-credit", "nobody"], "there are no --tiles"],
])("streetnode city refuses %s before it touches anything", async (args, problem) => {
  const command = cityCommand(() => AbortSignal.abort()).exitOverride();
  await expect(
    command.parseAsync([...args, "--inventory", file], { from: "user" }),
  ).rejects.toThrow(problem);
});
