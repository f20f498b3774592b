/** A program that leaves the socket to its runtime, for the tests of updates. */
import * as ds from "@devicescript/core";

console.log("new program");
while (true) await ds.sleep(1000);
