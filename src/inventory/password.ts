import { createHash, pbkdf2Sync, randomBytes } from "node:crypto";

/** 192 random bits. */
const PASSWORD_BYTES = 24;

/**
 * Mosquitto's own number (`mosquitto_passwd`, PW_DEFAULT_ITERATIONS). Many rounds protect
 * passwords that people think of; 192 random bits cannot be guessed at any speed, and a
 * broker must check those of a whole city at once when its power comes back.
 */
export const PASSWORD_ITERATIONS = 101;
/** Mosquitto 2.0 takes no other length. */
const SALT_BYTES = 12;
const HASH_BYTES = 64;
/** RabbitMQ's own, `rabbit_password_hashing`. */
const RABBITMQ_SALT_BYTES = 4;

/** What is kept of a password for brokers. */
export interface PasswordHashes {
  /**
   * As in Mosquitto's password file: `$7$iterations$salt$hash`, PBKDF2-HMAC-SHA512, salt
   * and hash in base64. The salt is twelve printable characters, because EMQX takes the
   * same hash with the salt as text.
   */
  readonly passwordHash: string;
  /** As in RabbitMQ's definitions: base64 of a salt and SHA-512 over salt and password. */
  readonly rabbitmqHash: string;
}

/** A new password: 32 characters of A-Z, a-z, 0-9, '-' and '_'. */
export function newPassword(): string {
  return randomBytes(PASSWORD_BYTES).toString("base64url");
}

/** Hashes a password for every kind of broker, each with a salt of its own. */
export function hashPassword(password: string): PasswordHashes {
  // Three quarters of base64's characters are bytes of chance: 72 bits.
  const salt = Buffer.from(randomBytes((SALT_BYTES * 3) / 4).toString("base64"), "ascii");
  const hash = pbkdf2Sync(password, salt, PASSWORD_ITERATIONS, HASH_BYTES, "sha512");
  const rabbitmqSalt = randomBytes(RABBITMQ_SALT_BYTES);
  const rabbitmqHash = createHash("sha512").update(rabbitmqSalt).update(password).digest();
  return {
    passwordHash: `$7$${PASSWORD_ITERATIONS}$${salt.toString("base64")}$${hash.toString("base64")}`,
    rabbitmqHash: Buffer.concat([rabbitmqSalt, rabbitmqHash]).toString("base64"),
  };
}

/** Takes Mosquitto's form of a hash apart: the salt as text, the hash in hexadecimal. */
export function partsOfHash(passwordHash: string): { salt: string; hashHex: string } {
  const [, , , salt = "", hash = ""] = passwordHash.split("$");
  return {
    salt: Buffer.from(salt, "base64").toString("ascii"),
    hashHex: Buffer.from(hash, "base64").toString("hex"),
  };
}
