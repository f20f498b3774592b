import type { CaseRunner } from "./caseRunner";

interface Speaker {
  speak(): string;
}

class Base implements Speaker {
  name: string;
  calls = 0;

  constructor(name: string) {
    this.name = name;
  }

  speak(): string {
    return this.called() + this.name;
  }

  overridden(): string {
    return "base";
  }

  usesOverridden(): string {
    return this.overridden();
  }

  async later(value: number, pause: () => Promise<void>): Promise<number> {
    await pause();
    this.calls++;
    return value + this.calls;
  }

  times(n: number): number {
    return n;
  }

  private called(): string {
    this.calls++;
    return "" + this.calls + " ";
  }
}

class Derived extends Base {
  own: number;

  constructor(name: string) {
    super(name);
    this.own = 7;
  }

  override overridden(): string {
    return "derived";
  }

  inherits(): string {
    return this.speak() + this.double(this.own);
  }

  private double(value: number, times = 2): string {
    return " " + value * times;
  }
}

/** Has a field where another class has a method, and fits no interface of it. */
class Record3 {
  overridden = 3;

  inherits(): number {
    return this.overridden;
  }
}

/** Methods in every way of calling them. */
export async function methodCases(t: CaseRunner): Promise<void> {
  const base = new Base("b");
  const derived = new Derived("d");
  t.check("a private method", base.speak() === "1 b");
  t.check("an inherited one", derived.inherits() === "1 d 14");
  const speaker: Speaker = derived;
  t.check("through an interface", speaker.speak() === "2 d");
  t.check("overridden", derived.usesOverridden() === "derived");
  t.check("not overridden", base.usesOverridden() === "base");
  const bases: Base[] = [base, derived];
  let all = "";
  for (const each of bases) all += each.overridden() + " ";
  t.check("by the object that it is", all === "base derived ", all);
  const values = [1, 2].map((n) => base.times(n));
  t.check("inside an arrow function", values[1] === 2);
  const sum = await derived.later(10, async () => {
    await t.pause();
  });
  t.check("asynchronous", sum === 13, "" + sum);
  t.check("of another class", new Record3().inherits() === 3);
}
