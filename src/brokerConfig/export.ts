import { existsSync } from "node:fs";
import { join } from "node:path";
import { contentOf } from "../replaceFile";
import type { BrokerKind, BrokerUsers, Inventory } from "../inventory/inventory";
import { emqxUserFiles } from "./emqx";
import { mosquittoUserFiles } from "./mosquitto";
import { rabbitmqUserFiles } from "./rabbitmq";
import { writeFiles } from "./writeFiles";

/** What an export did to one folder. */
export interface ExportResult {
  readonly folder: string;
  readonly kind: BrokerKind;
  /** Files that are other than before. */
  readonly changed: readonly string[];
  /** The folder was there once and is no more: nothing was written. */
  readonly gone: boolean;
}

/**
 * Writes the users and rights of the inventory into every folder that `streetnode broker`
 * or `streetnode provision` was told of. Brokers let nobody in that came since the last
 * export, and know a new password only after it.
 */
export function exportUsers(inventory: Inventory): ExportResult[] {
  return inventory.export((users, folders) =>
    folders.map(({ folder, kind }) => {
      const gone = !existsSync(folder);
      const changed = gone ? [] : writeFiles(folder, userFiles(kind, users));
      return { folder, kind, changed, gone };
    }),
  );
}

/** Folders whose files are not what an export would write now. */
export function outdatedExports(inventory: Inventory): string[] {
  return inventory.export((users, folders) =>
    folders
      .filter(({ folder, kind }) =>
        [...userFiles(kind, users)].some(([name, text]) => contentOf(join(folder, name)) !== text),
      )
      .map(({ folder }) => folder),
  );
}

/** The files of users and rights for a kind of broker. */
export function userFiles(kind: BrokerKind, users: BrokerUsers): Map<string, string> {
  return USER_FILES[kind](users);
}

const USER_FILES: Record<BrokerKind, (users: BrokerUsers) => Map<string, string>> = {
  mosquitto: mosquittoUserFiles,
  emqx: emqxUserFiles,
  rabbitmq: rabbitmqUserFiles,
};
