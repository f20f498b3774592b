import { statSync } from "node:fs";
import type { Inventory } from "../inventory/inventory";
import { fitsSignIn } from "./password";
import type { Role } from "./roles";

/** Somebody who may sign in. */
export interface SignInPerson {
  readonly name: string;
  readonly role: Role;
  /** What is kept of the password. */
  readonly signIn: string;
}

/** The inventory's people who may sign in, as they are now: `streetnode people` counts at once. */
export class People {
  readonly #inventory: Inventory;
  #people = new Map<string, SignInPerson>();
  #readOf = "";

  constructor(inventory: Inventory) {
    this.#inventory = inventory;
  }

  /** The person of that name, if it may sign in. */
  find(name: string): SignInPerson | undefined {
    this.#refresh();
    return this.#people.get(name);
  }

  /** The person, if name and password fit; it takes as long if they do not. */
  async check(name: string, password: string): Promise<SignInPerson | undefined> {
    const person = this.find(name);
    return (await fitsSignIn(password, person?.signIn)) ? person : undefined;
  }

  #refresh(): void {
    const { mtimeMs, size, ino } = statSync(this.#inventory.file);
    const version = `${mtimeMs} ${size} ${ino}`;
    if (version === this.#readOf) return;
    this.#people = new Map(
      this.#inventory
        .people()
        .flatMap(({ name, role, signIn }) =>
          signIn === undefined || role === "centre"
            ? []
            : [[name, { name, role, signIn }] as const],
        ),
    );
    // Reading may write, too: the log is moved into the file.
    const after = statSync(this.#inventory.file);
    this.#readOf = after.mtimeMs === mtimeMs ? version : "";
  }
}
