/** A program that panics at every start, for the tests of updates. */
import * as ds from "@devicescript/core";

await ds.sleep(100);
throw new Error("cannot start");
