import fc from "fast-check";
import { startCity } from "./test/support/simulatedCity";
const GAP = Number(process.env.GAP ?? 200), N = Number(process.env.N ?? 10000);
const city = await startCity({});
await city.run(20_000);
const node = city.city.nodes[0]!;
const said: Record<string, number> = {};
city.broker.onPublish((topic, payload) => { const l = topic.split("/").slice(4).join("/"); said[l] = (said[l] ?? 0) + 1; if (l === "up/log" ) void payload; });
const valid = [
  '{"version":7,"channels":{"pm25":{"report":{"deadband":3}},"temperature":{"periodS":20}},"health":{"periodS":60}}',
  '{"version":8,"channels":null,"lamp":{"on":true,"darkLx":5}}',
  '{"version":9,"noise":{"on":true,"windowS":30},"time":{"utcOffsetMin":0},"release":{"periodS":30},"sensors":{"sen55":{"on":true}}}',
  '{"id":"a1","command":"identify","seconds":3}', '{"id":"a2","command":"sample"}', '{"id":"a3","command":"flush"}', '{"id":"a4","command":"self-test"}',
  '{"id":"a5","command":"clear-counters"}', '{"id":"a6","command":"log","minutes":1}', '{"id":"a7","command":"calibrate","channel":"pm25","zero":3}',
  '{"utcMs":1773982000000}', '{"utcMs":"x"}',
];
const base = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...valid), fc.nat(), fc.nat(255), fc.constantFrom("as", "cut", "flip", "drop", "dup", "id")).map(([t, at, by, how]) => {
    const b = Buffer.from(t); const i = at % b.length;
    if (how === "as") return b; if (how === "cut") return b.subarray(0, i);
    if (how === "id") return Buffer.from(t.replace(/"a\d"/, `"x${at}"`).replace(/"version":\d/, `"version":${1 + at}`));
    if (how === "flip") { b[i] = by; return b; } if (how === "drop") return Buffer.concat([b.subarray(0, i), b.subarray(i + 1)]);
    return Buffer.concat([b, b.subarray(i)]); }) },
  { weight: 2, arbitrary: fc.uint8Array({ maxLength: 300 }).map((a) => Buffer.from(a)) },
  { weight: 2, arbitrary: fc.json({ maxDepth: 6 }).map((t) => Buffer.from(t)) },
  { weight: 1, arbitrary: fc.tuple(fc.nat(3000), fc.constantFrom("[", "{\"a\":", "\"", "{\"channels\":{\"pm25\":", "9")).map(([n, s]) => Buffer.from(s.repeat(n).slice(0, 3500))) },
  { weight: 1, arbitrary: fc.record({ version: fc.nat(1e9), channels: fc.dictionary(fc.constantFrom("pm25", "pm10", "temperature", "LAeq", "x".repeat(50)), fc.jsonValue({ maxDepth: 3 }), { maxKeys: 5 }) }).map((t) => Buffer.from(JSON.stringify(t))) },
);
const heap0 = node.heapPeaks;
for (const topic of (process.env.TOPICS ?? "streetnode/v1/berkane/bk-0001/down/config,streetnode/v1/berkane/bk-0001/down/command,streetnode/v1/berkane/all/down/time").split(",")) {
  const t0 = Date.now();
  let i = 0;
  for (const payload of fc.sample(base, { numRuns: N, seed: 5 })) {
    // what restarts on purpose is not the point here
    const text = payload.toString("latin1");
    if (/restart|update/.test(text)) continue;
    city.broker.publish(topic, payload, { qos: 1, retain: false });
    await city.run(GAP);
    if (++i % 2000 === 0) console.log(topic.slice(-12), i, node.panics, node.heapPeaks, said);
    if (node.panics) { console.log("PANIC at", i, text.slice(0, 300)); console.log(city.log?.slice(-30).join("\n")); break; }
  }
  await city.run(120_000);
  console.log(topic, "panics", node.panics, node.heapPeaks, said, (Date.now() - t0) / 1000, "s", city.bad.slice(0, 3));
  if (node.panics) break;
}
await city.close();
