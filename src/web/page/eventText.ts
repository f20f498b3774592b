import { findMetric } from "../../../devs/contract/metrics";
import type { EventView } from "../../city/cityView";
import { fill } from "./language";
import type { Surroundings } from "./surroundings";

/** An event in words, without its time: "SEN55: fault, no answer". */
export function eventText(event: EventView, here: Surroundings): string {
  const { texts, format } = here;
  const channel = event.channel;
  // Data sheets write the names of chips in capitals.
  const subject = event.chip?.toUpperCase() ?? (channel ? (texts.metrics[channel] ?? channel) : "");
  const words = fill(texts.events[event.event] ?? texts.eventOther, {
    subject,
    event: event.event,
  });
  const parts = [words];
  // What a sensor or a lamp had is told when it fails; that it works again needs no reason.
  if (event.reason && event.event !== "sensor-ok" && event.event !== "lamp-ok")
    parts.push(texts.faultReasons[event.reason] ?? event.reason);
  if (event.v !== undefined) {
    const metric = findMetric(channel ?? (event.event.startsWith("lamp-") ? "lampPower" : ""));
    const value = format.value(event.v, metric?.unit ?? "", metric?.decimals ?? 2);
    parts.push(fill(texts.eventValue, { value }));
  }
  return parts.join(texts.listSeparator);
}
