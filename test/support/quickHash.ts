import { randomBytes, scryptSync } from "node:crypto";

/** What is kept of a password, made with little work, so that tests can sign in often. */
export function quickHash(password: string): string {
  const salt = randomBytes(16);
  const hash = scryptSync(password, salt, 32, { N: 2 ** 5, r: 8, p: 1 });
  return `$scrypt$ln=5,r=8,p=1$${salt.toString("base64")}$${hash.toString("base64")}`;
}
