import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { LiveFeed, RETRY_MS, SILENCE_MAX_MS, type EventLine } from "../../src/web/page/liveFeed";

class ScriptedLine implements EventLine {
  onerror: ((event: Event) => void) | null = null;
  closed = false;
  readonly #listeners = new Map<string, (event: MessageEvent<string>) => void>();

  addEventListener(name: string, listener: (event: MessageEvent<string>) => void): void {
    this.#listeners.set(name, listener);
  }

  close(): void {
    this.closed = true;
  }

  say(name: string, data: object): void {
    this.#listeners.get(name)?.({ data: JSON.stringify(data) } as MessageEvent<string>);
  }

  fail(): void {
    this.onerror?.({} as Event);
  }
}

function rig() {
  const lines: ScriptedLine[] = [];
  const seen: string[] = [];
  const feed = new LiveFeed(
    () => {
      lines.push(new ScriptedLine());
      return lines[lines.length - 1];
    },
    {
      snapshot: ({ city }) => seen.push(`snapshot ${city}`),
      change: () => seen.push("change"),
      stateChanged: (state) => seen.push(state),
      failed: () => seen.push("failed"),
    },
  );
  feed.start();
  return { feed, lines, seen };
}

beforeEach(() => vi.useFakeTimers({ now: 1_000_000 }));
afterEach(() => vi.useRealTimers());

describe("LiveFeed", () => {
  it("is live from the first word on, and takes the server's clock", () => {
    const { feed, lines, seen } = rig();
    expect(feed.state).toBe("connecting");
    lines[0].say("snapshot", { city: "berkane", nowMs: 1_500_000 });
    lines[0].say("change", { nowMs: 1_500_000 });
    expect(seen).toEqual(["snapshot berkane", "live", "change"]);
    vi.advanceTimersByTime(1000);
    expect(feed.nowMs()).toBe(1_501_000);
  });

  it("says that it is lost, and connects anew until it is live again", () => {
    const { feed, lines, seen } = rig();
    lines[0].say("alive", { nowMs: 0 });
    lines[0].fail();
    expect(lines[0].closed).toBe(true);
    expect(feed.state).toBe("lost");
    vi.advanceTimersByTime(RETRY_MS);
    expect(lines).toHaveLength(2);
    lines[1].fail();
    vi.advanceTimersByTime(RETRY_MS);
    expect(lines).toHaveLength(3);
    lines[2].say("alive", { nowMs: 0 });
    expect(seen).toEqual(["live", "lost", "failed", "failed", "live"]);
  });

  it("notices a line that went silent without closing", () => {
    const { feed, lines } = rig();
    for (let i = 0; i < 5; i++) {
      lines[0].say("alive", { nowMs: 0 });
      vi.advanceTimersByTime(SILENCE_MAX_MS - 1);
      expect(feed.state).toBe("live");
    }
    vi.advanceTimersByTime(1);
    expect(feed.state).toBe("lost");
    expect(lines[0].closed).toBe(true);
  });

  it("does not call a server lost that never answered, and keeps trying", () => {
    const { feed, lines } = rig();
    lines[0].fail();
    expect(feed.state).toBe("connecting");
    expect(feed.hasFailed).toBe(true);
    vi.advanceTimersByTime(RETRY_MS + SILENCE_MAX_MS + RETRY_MS);
    expect(lines).toHaveLength(3);
  });

  it("no longer listens to a line that it has given up", () => {
    const { lines, seen } = rig();
    lines[0].fail();
    lines[0].say("change", { nowMs: 0 });
    expect(seen).toEqual(["connecting", "failed"]);
  });

  it("ends when it is told to, and begins anew as the first time", () => {
    const { feed, lines, seen } = rig();
    lines[0].say("alive", { nowMs: 0 });
    feed.stop();
    expect(lines[0].closed).toBe(true);
    vi.advanceTimersByTime(SILENCE_MAX_MS + RETRY_MS);
    expect(lines).toHaveLength(1);
    feed.start();
    lines[1].say("alive", { nowMs: 0 });
    expect(seen).toEqual(["live", "connecting", "live"]);
  });
});
