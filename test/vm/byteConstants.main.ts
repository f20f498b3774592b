const BYTES = hex`0a0b0c`;
export const SAME = hex`0a0b0c`;

class Holder {
  readonly bytes = BYTES;

  sum(): number {
    let sum = 0;
    for (let i = 0; i < BYTES.length; i++) sum += this.bytes[i];
    return sum;
  }
}

const inClosure = () => SAME[1];
const named = { bytes: BYTES };
const { bytes: renamed } = named;
const copy = Buffer.alloc(3);
copy.set(BYTES, 0);
copy[0] = 1;
console.log(
  "bytes " + [new Holder().sum(), inClosure(), renamed.length, copy[0], BYTES[0]].join(" "),
);
console.log("DONE");
