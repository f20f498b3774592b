import Table from "cli-table3";

/** What one node answered. */
export interface NodeAnswer {
  readonly node: string;
  /** A word for the table: `applied`, `refused`, `offline`, `no answer`, `done`. */
  readonly answer: string;
  /** The reason, or other details; may be empty. */
  readonly details: string;
  /** Whether this is what was asked for. */
  readonly good: boolean;
}

/** Longest time that a timer of Node.js takes: 24 days. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/** Answers of nodes, each awaited until a common deadline. */
export class AnswerCollector {
  readonly #waiting = new Set<string>();
  readonly #answers = new Map<string, NodeAnswer>();
  readonly #onProgress: (answered: number, of: number) => void;
  #done: () => void = () => {};

  constructor(nodes: readonly string[], onProgress: (answered: number, of: number) => void) {
    for (const node of nodes) this.#waiting.add(node);
    this.#onProgress = onProgress;
  }

  /** Whether that node's answer is still awaited. */
  waitsFor(node: string): boolean {
    return this.#waiting.has(node);
  }

  /** Takes the answer of a node that is awaited; any other is left aside. */
  take(answer: NodeAnswer): void {
    if (!this.#waiting.delete(answer.node)) return;
    this.#answers.set(answer.node, answer);
    this.#onProgress(this.#answers.size, this.#answers.size + this.#waiting.size);
    if (this.#waiting.size === 0) this.#done();
  }

  /** Waits for all, at most so long; then asks `missing` for a word on each that is silent. */
  async all(
    waitMs: number,
    missing: (node: string) => NodeAnswer,
    interrupted?: AbortSignal,
  ): Promise<NodeAnswer[]> {
    if (this.#waiting.size > 0) {
      let timer: NodeJS.Timeout | undefined;
      await new Promise<void>((resolve) => {
        this.#done = resolve;
        timer = setTimeout(resolve, Math.min(waitMs, TIMER_MAX_MS));
        if (interrupted?.aborted) resolve();
        interrupted?.addEventListener("abort", () => resolve(), { once: true });
      });
      clearTimeout(timer);
    }
    for (const node of [...this.#waiting]) this.take(missing(node));
    return [...this.#answers.values()].sort((a, b) => a.node.localeCompare(b.node));
  }
}

/** The answers as a table: what went wrong first, since that is what one looks for. */
export function answerTable(answers: readonly NodeAnswer[]): string {
  const table = new Table({ head: ["node", "answer", "details"], style: { head: [], border: [] } });
  for (const answer of [...answers].sort((a, b) => Number(a.good) - Number(b.good)))
    table.push([answer.node, answer.answer, answer.details]);
  return table.toString();
}

/** How many nodes gave which answer: `48 applied, 1 offline, 1 refused`. */
export function answerSummary(answers: readonly NodeAnswer[]): string {
  const counts = new Map<string, number>();
  for (const { answer } of answers) counts.set(answer, (counts.get(answer) ?? 0) + 1);
  return [...counts].map(([answer, count]) => `${count} ${answer}`).join(", ");
}
