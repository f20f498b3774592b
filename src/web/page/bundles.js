import { cpSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const STATIC_FILES = ["index.html", "field.html", "style.css", "manifest.webmanifest"];

/**
 * How the pages are bundled, for the project's build and for the tests. The city page loads
 * its charts when they are wanted. The field page and what keeps it for the time without a
 * network are one file each.
 *
 * @param {string} folder where they are put
 * @returns {import("rolldown").BuildOptions[]}
 */
export function pageBundles(folder) {
  const common = { platform: "browser" };
  const output = { dir: folder, format: "esm", minify: true };
  const single = { ...output, codeSplitting: false };
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
      output: { ...output, chunkFileNames: "[name].js" },
    },
    { ...common, input: { field: join(HERE, "field/main.ts") }, output: single },
    { ...common, input: { worker: join(HERE, "field/worker.ts") }, output: single },
  ];
}
