import { pbkdf2Sync, randomBytes } from "node:crypto";

/** 192 random bits. */
const PASSWORD_BYTES = 24;

/**
 * Mosquitto's own number (`mosquitto_passwd`, PW_DEFAULT_ITERATIONS). Many rounds protect
 * passwords that people think of; 192 random bits cannot be guessed at any speed, and a
 * broker must check those of a whole city at once when its power comes back.
 */
const ITERATIONS = 101;
/** Mosquitto 2.0 takes no other length. */
const SALT_BYTES = 12;
const HASH_BYTES = 64;

/** A new password: 32 characters of A-Z, a-z, 0-9, '-' and '_'. */
export function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/**
 * The hash of a password as it stands in Mosquitto's password file,
 * `$7$iterations$salt$hash` with PBKDF2-HMAC-SHA512 and base64.
 */
export function hashPassword(password: string, salt: Buffer = randomBytes(SALT_BYTES)): string {
  const hash = pbkdf2Sync(password, salt, ITERATIONS, HASH_BYTES, "sha512");
  return `$7$${ITERATIONS}$${salt.toString("base64")}$${hash.toString("base64")}`;
}
