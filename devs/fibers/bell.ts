import { Fiber, sleep, suspend } from "@devicescript/core";

/** Wakes a fiber that waits, from any other one. */
export class Bell {
  private fiber: Fiber | undefined = undefined;
  private rung: boolean = false;

  /** Waits so long, or until it rings; it may have rung before. Other fibers run in any case. */
  async wait(ms: number): Promise<void> {
    if (this.rung || ms <= 0) await sleep(0);
    else {
      this.fiber = Fiber.self();
      await suspend(ms);
      this.fiber = undefined;
    }
    this.rung = false;
  }

  ring(): void {
    this.rung = true;
    const { fiber } = this;
    this.fiber = undefined;
    if (fiber && fiber.suspended) fiber.resume(true);
  }
}
