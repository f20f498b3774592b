import { Command } from "commander";
import { InputError } from "../../inputError";
import { Inventory, type InventoryNode } from "../../inventory/inventory";
import { fieldPageUrl } from "../../label/fieldPageUrl";
import { labelFormat, SHEET_NAMES } from "../../label/labelFormats";
import { labelSheet, type Label } from "../../label/labelSheet";
import { replaceFile } from "../../replaceFile";
import { inventoryOption } from "../inventoryOption";
import { wholeNumber } from "../options";

interface LabelOptions {
  readonly url: string;
  readonly format: string;
  readonly start: number;
  readonly outlines?: true;
  readonly out: string;
  readonly inventory: string;
  readonly json?: true;
}

/** `streetnode label`: labels with a QR code, to be printed and stuck on nodes. */
export function labelCommand(): Command {
  return new Command("label")
    .description("make a PDF of labels for flashed nodes: QR code, name and MAC")
    .argument("[NODES...]", "these nodes; without a name, every flashed one")
    .requiredOption("--url <base>", "where the city's pages are; the QR code opens the field page")
    .option(
      "--format <name>",
      `${SHEET_NAMES.join(", ")}, or a printer's label such as 62x29`,
      "L7160",
    )
    .option("--start <n>", "first free label of a used sheet, row by row", wholeNumber(1, 100), 1)
    .option("--outlines", "draw the labels' edges, to check a printer on plain paper")
    .option("--out <file>", "where the PDF goes", "labels.pdf")
    .addOption(inventoryOption())
    .option("--json", "print the result as one JSON object")
    .addHelpText(
      "after",
      `
Print at 100 % ("actual size"), not fitted to the page.

Example:
  streetnode label --url https://nodes.example.org --format L7163 --out labels.pdf`,
    )
    .action((names: string[], options: LabelOptions) => makeLabels(names, options));
}

async function makeLabels(names: string[], options: LabelOptions): Promise<void> {
  const format = labelFormat(options.format);
  const perPage = format.columns * format.rows;
  if (options.start > perPage)
    throw new InputError(`--start ${options.start}: ${format.name} has ${perPage} labels a page`);
  const nodes = chooseNodes(new Inventory(options.inventory).nodes(), names);
  const labels = nodes.map(({ name, city, mac }): Label => ({
    name,
    city,
    mac,
    url: fieldPageUrl(options.url, name),
  }));
  const pdf = await labelSheet(labels, {
    format,
    start: options.start,
    outlines: options.outlines ?? false,
  });
  try {
    replaceFile(options.out, pdf);
  } catch (error) {
    throw new InputError(
      `--out ${options.out} cannot be written: ${(error as NodeJS.ErrnoException).code}`,
    );
  }
  const pages = Math.ceil((options.start - 1 + labels.length) / perPage);
  if (options.json)
    console.log(JSON.stringify({ file: options.out, format: format.name, pages, labels }));
  else
    console.log(
      `${options.out}: ${count(labels.length, "label")} on ${count(pages, "page")} (${format.name}); print at 100 %.`,
    );
}

function count(number: number, thing: string): string {
  return `${number} ${thing}${number === 1 ? "" : "s"}`;
}

function chooseNodes(
  all: readonly InventoryNode[],
  names: readonly string[],
): (InventoryNode & { mac: string })[] {
  const chosen =
    names.length === 0
      ? all.filter(({ state }) => state === "flashed")
      : [...new Set(names)].map((name) => {
          const node = all.find((candidate) => candidate.name === name);
          if (!node) throw new InputError(`${name}: no node is called that`);
          return node;
        });
  if (chosen.length === 0)
    throw new InputError("no node is flashed and waits for a label; name the nodes you mean");
  return chosen.map((node) => {
    const { mac } = node;
    if (mac === undefined)
      throw new InputError(`${node.name} has no board yet, and so no MAC: flash it first`);
    return { ...node, mac };
  });
}
