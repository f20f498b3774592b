import * as ds from "@devicescript/core"
import { readSetting } from "@devicescript/settings"
const i2c = new ds.I2C()
async function main() {
console.log("hi", ds.millis(), ds._dcfgString("devName"), ds.deviceIdentifier("self"))
console.log("set", await readSetting("node"))
for (let i = 0; ; ++i) {
await ds.sleep(1000)
console.log("tick", ds.millis())
if (i === 5) ds._panic(12345)
if (i === 3) { const f = async () => { throw new Error("x") }; f.start()}
}
}
main.start()
console.log(i2c.isBound)
