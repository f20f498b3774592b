import type { IncomingMessage, ServerResponse } from "node:http";
import { asText, own, type Fields } from "../city/fields";
import type { History } from "../history/history";
import { PASSWORD_MAX_LENGTH } from "../people/password";
import type { People, SignInPerson } from "../people/people";
import { actionsOf, type Action } from "../people/roles";
import { AGE_MAX_MS, type Sessions } from "../people/sessions";
import type { SignInLimit } from "../people/signInLimit";
import type { SessionAnswer } from "./api";
import { HttpProblem, badRequest } from "./http";

/** What signing in needs. */
export interface AccessOptions {
  readonly people: People;
  readonly sessions: Sessions;
  readonly limit: SignInLimit;
  readonly history: History;
  /** Whether anybody may watch. */
  readonly publicView: boolean;
  /** UTC in milliseconds. */
  readonly now: () => number;
}

/** Who asks. */
export interface Caller {
  readonly person: SignInPerson | undefined;
  /** Of the session. */
  readonly token: string | undefined;
  readonly address: string;
  /** Whether the browser came by TLS. */
  readonly secure: boolean;
}

/** The name of somebody who has not signed in, in the audit log. */
const NOBODY = "-";

/** Who may come in, and what they may do: sessions in cookies, and the table of roles. */
export class Access {
  readonly #options: AccessOptions | undefined;

  /** Without people everybody may watch, and nobody can do anything else. */
  constructor(options: AccessOptions | undefined) {
    this.#options = options;
  }

  /** Finds out who asks. */
  caller(request: IncomingMessage, address: string, secure: boolean): Caller {
    const token = cookieOf(request, cookieName(secure));
    return { person: this.#personOf(token), token, address, secure };
  }

  /** Whether the caller may still do that, a while after it asked. */
  stillMay({ token }: Caller, action: Action): boolean {
    return this.#actions(this.#personOf(token)).includes(action);
  }

  /** @throws HttpProblem 401 or 403 when the caller may not do that */
  require({ person }: Caller, action: Action): void {
    if (this.#actions(person).includes(action)) return;
    if (!person)
      throw new HttpProblem(401, { error: "sign-in", message: "not signed in, or not any more" });
    throw new HttpProblem(403, {
      error: "forbidden",
      message: `a ${person.role} may not do that: ${action}`,
    });
  }

  session({ person }: Pick<Caller, "person">): SessionAnswer {
    return {
      user: person ? { name: person.name, role: person.role } : null,
      publicView: this.#options?.publicView ?? true,
      may: this.#actions(person),
    };
  }

  /** @throws HttpProblem 400, 401, 429 */
  async signIn(caller: Caller, fields: Fields, response: ServerResponse): Promise<SessionAnswer> {
    const options = this.#options;
    const name = credential(fields, "name");
    const password = credential(fields, "password");
    if (!options) throw refused();
    const waitMs = options.limit.attempt(name, caller.address);
    if (waitMs > 0) {
      const retryS = Math.ceil(waitMs / 1000);
      throw new HttpProblem(429, {
        error: "too-many",
        message: `too many attempts: wait ${retryS} s`,
        retryS,
      });
    }
    const person = await options.people.check(name, password);
    // Who guesses names does not write them into the log; real ones are worth a line.
    const known = options.people.find(name) !== undefined;
    await this.#audit(
      person || known ? name : NOBODY,
      person ? "sign-in" : "sign-in-refused",
      caller,
    );
    if (!person) throw refused();
    options.limit.succeeded(name, caller.address);
    if (caller.token !== undefined) options.sessions.end(caller.token);
    const token = options.sessions.begin(person.name, person.signIn);
    setCookie(response, caller.secure, token, AGE_MAX_MS / 1000);
    return this.session({ person });
  }

  async signOut(caller: Caller, response: ServerResponse): Promise<SessionAnswer> {
    if (this.#options && caller.token !== undefined && caller.person) {
      this.#options.sessions.end(caller.token);
      await this.#audit(caller.person.name, "sign-out", caller);
    }
    setCookie(response, caller.secure, "", 0);
    return this.session({ person: undefined });
  }

  #personOf(token: string | undefined): SignInPerson | undefined {
    const { people, sessions } = this.#options ?? {};
    if (!people || !sessions || token === undefined) return undefined;
    const name = sessions.find(token, (each) => people.find(each)?.signIn);
    return name === undefined ? undefined : people.find(name);
  }

  #actions(person: SignInPerson | undefined): readonly Action[] {
    return actionsOf(person?.role, this.#options?.publicView ?? true);
  }

  async #audit(who: string, what: string, { address }: Caller): Promise<void> {
    await this.#options?.history.audit({
      atMs: this.#options.now(),
      who,
      what,
      name: null,
      detail: `from ${address}`,
    });
  }
}

function refused(): HttpProblem {
  return new HttpProblem(401, { error: "sign-in", message: "name and password do not fit" });
}

function credential(fields: Fields, name: string): string {
  try {
    return asText(own(fields, name), name, PASSWORD_MAX_LENGTH);
  } catch {
    throw badRequest(name, `expected a text of 1 to ${PASSWORD_MAX_LENGTH} characters`);
  }
}

/** A cookie whose name begins so cannot be set by another host or over plain HTTP (RFC 6265bis, section 4.1.3.2). */
function cookieName(secure: boolean): string {
  return secure ? "__Host-streetnode" : "streetnode";
}

function setCookie(
  response: ServerResponse,
  secure: boolean,
  value: string,
  maxAgeS: number,
): void {
  response.setHeader(
    "set-cookie",
    `${cookieName(secure)}=${value}; Path=/; Max-Age=${maxAgeS}; HttpOnly; SameSite=Strict${secure ? "; Secure" : ""}`,
  );
}

function cookieOf(request: IncomingMessage, name: string): string | undefined {
  for (const part of (request.headers.cookie ?? "").split(";")) {
    const [key, value] = part.trim().split("=", 2);
    if (key === name && value) return value;
  }
  return undefined;
}
