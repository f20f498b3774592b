import type { CityLink } from "../feed";
import { fill } from "./language";
import type { LiveFeed } from "./liveFeed";
import type { Surroundings } from "./surroundings";

/** Why what is shown may not be of now; empty when it is. */
export function liveProblems(
  feed: LiveFeed,
  link: CityLink | undefined,
  liveUntilMs: number,
  here: Surroundings,
): string[] {
  const { texts, format } = here;
  if (feed.state === "lost") return [fill(texts.notLiveSince, { time: format.clock(liveUntilMs) })];
  if (feed.state === "connecting") return feed.hasFailed ? [texts.neverLive] : [];
  if (link?.state !== "down") return [];
  return [fill(texts.linkDown, { time: format.time(link.sinceMs, here.nowMs()) })];
}
