import { cpSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const STATIC_FILES = ["index.html", "field.html", "style.css", "manifest.webmanifest"];

/**
 * How the pages are bundled, for the project's build and for the tests. The city page loads
 * its charts when they are wanted, the field page its reader of QR codes. What keeps the field
 * page for the time without a network is one file.
 *
 * @param {string} folder where they are put
 * @returns {import("rolldown").BuildOptions[]}
 */
export function pageBundles(folder) {
  const common = { platform: "browser" };
  const output = { dir: folder, format: "esm", minify: true };
  const split = { ...output, chunkFileNames: "[name].js" };
  return [
    {
      ...common,
      input: { page: join(HERE, "main.ts") },
      plugins: [
        {
          name: "copy-static-files",
          writeBundle() {
            for (const file of STATIC_FILES) cpSync(join(HERE, file), join(folder, file));
          },
        },
      ],
      output: split,
    },
    { ...common, input: { field: join(HERE, "field/main.ts") }, output: split },
    { ...common, input: { worker: join(HERE, "field/worker.ts") }, output },
  ];
}
