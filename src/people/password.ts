import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from "node:crypto";

/**
 * scrypt, since Node.js 20 has no Argon2; parameters by OWASP's Password Storage Cheat Sheet:
 * of its equally strong choices the one that takes 32 MiB, so that some at once fit into a small server.
 */
const PARAMETERS: Parameters = { logN: 15, r: 8, p: 3 };
const SALT_BYTES = 16;
const HASH_BYTES = 32;
/** Hashing at once; each takes a core for a fifth of a second. More wait for their turn. */
const AT_ONCE = 2;

/** Fewest and most characters that a person's password may have. */
export const PASSWORD_MIN_LENGTH = 12;
export const PASSWORD_MAX_LENGTH = 128;

interface Parameters {
  readonly logN: number;
  readonly r: number;
  readonly p: number;
}

/** Why a text cannot be a person's password, or undefined when it can. */
export function passwordProblem(password: string): string | undefined {
  // NIST SP 800-63B section 5.1.1.2 counts code points, and knows no rules about kinds of them.
  const { length } = [...password];
  if (length < PASSWORD_MIN_LENGTH || length > PASSWORD_MAX_LENGTH)
    return `must have ${PASSWORD_MIN_LENGTH} to ${PASSWORD_MAX_LENGTH} characters, has ${length}`;
  return undefined;
}

/** What is kept of a password: `$scrypt$ln=15,r=8,p=3$salt$hash` (PHC string format). */
export async function hashSignIn(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(password, salt, PARAMETERS, HASH_BYTES);
  const { logN, r, p } = PARAMETERS;
  return `$scrypt$ln=${logN},r=${r},p=${p}$${base64(salt)}$${base64(hash)}`;
}

/**
 * Whether a password is the one that was hashed. Without a hash it takes as long and is
 * false: how long it takes does not tell which names there are.
 */
export async function fitsSignIn(password: string, kept: string | undefined): Promise<boolean> {
  const match = /^\$scrypt\$ln=(\d+),r=(\d+),p=(\d+)\$([^$]+)\$([^$]+)$/.exec(kept ?? "");
  const [, logN, r, p, salt = "", hash = ""] = match ?? [];
  const expected = Buffer.from(hash, "base64");
  const parameters = match ? { logN: Number(logN), r: Number(r), p: Number(p) } : PARAMETERS;
  const got = await derive(
    password,
    match ? Buffer.from(salt, "base64") : randomBytes(SALT_BYTES),
    parameters,
    expected.length || HASH_BYTES,
  );
  return got.length === expected.length && timingSafeEqual(got, expected);
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(
  password: string,
  salt: Uint8Array,
  { logN, r, p }: Parameters,
  length: number,
): Promise<Buffer> {
  while (running >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  running++;
  try {
    // 128 * N * r bytes (RFC 7914 section 2), and some for OpenSSL itself.
    const options: ScryptOptions = {
      N: 2 ** logN,
      r,
      p,
      maxmem: 2 ** logN * r * 128 + 2 ** 20 * p,
    };
    return await new Promise<Buffer>((resolve, reject) =>
      scrypt(password.normalize("NFC"), salt, length, options, (error, hash) =>
        error ? reject(error) : resolve(hash),
      ),
    );
  } finally {
    running--;
    waiting.shift()?.();
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replaceAll("=", "");
}
