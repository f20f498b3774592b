import { sleep } from "@devicescript/core";
import { Observable, ewma, map, threshold } from "@devicescript/observables";
import type { SubscriptionObserver } from "@devicescript/observables";
import { spendSteps } from "./costMeter";

let observer: SubscriptionObserver<number>;
let last = 0;
new Observable<number>((o) => {
  observer = o;
})
  .pipe(
    map((value: number) => value * 1.02 + 0.5),
    ewma(0.15),
    threshold(2),
  )
  .subscribe((value) => {
    last = Math.max(last, value);
  });
await spendSteps(
  400,
  async (value) => {
    await observer.next(value);
  },
  async () => {
    await sleep(0);
  },
);
