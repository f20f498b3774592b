/** Topic names and topic filters (MQTT 3.1.1 clause 4.7). */

const HASH = 35;
const PLUS = 43;
const SLASH = 47;
const DOLLAR = 36;

/** Longest topic in bytes (clause 1.5.3). */
const MAX_TOPIC_LENGTH = 65535;

/** Why `filter` is no topic filter, or undefined when it is one. */
export function topicFilterProblem(filter: string): string | undefined {
  const length = filter.length;
  if (length === 0) return "a topic filter needs one character at least";
  if (length > MAX_TOPIC_LENGTH) return "a topic filter may have 65535 characters at most";
  for (let i = 0; i < length; i++) {
    const c = filter.charCodeAt(i);
    if (c === 0) return "a topic filter may not hold NUL";
    if (c !== HASH && c !== PLUS) continue;
    const startsLevel = i === 0 || filter.charCodeAt(i - 1) === SLASH;
    const endsLevel = i === length - 1 || filter.charCodeAt(i + 1) === SLASH;
    if (!startsLevel || !endsLevel) return "a wildcard must be a whole level of a topic filter";
    if (c === HASH && i < length - 1) return "'#' must be the last level of a topic filter";
  }
  return undefined;
}

/**
 * Whether a message with that topic name belongs to a subscription with that topic
 * filter. `+` stands for one level, `#` for this level and all below; a wildcard in
 * front does not match names that start with '$' (clause 4.7.2).
 */
export function matchesTopicFilter(filter: string, topicName: string): boolean {
  if (filter === topicName) return true;
  const first = filter.charCodeAt(0);
  if (topicName.charCodeAt(0) === DOLLAR && (first === HASH || first === PLUS)) return false;
  const end = topicName.length;
  let at = 0;
  for (let i = 0; i < filter.length; i++) {
    const c = filter.charCodeAt(i);
    if (c === HASH) return true;
    if (c === PLUS) {
      const slash = topicName.indexOf("/", at);
      at = slash < 0 ? end : slash;
    } else if (at < end && topicName.charCodeAt(at) === c) {
      at++;
    } else {
      // "a/#" also matches "a", its parent (clause 4.7.1.2).
      return (
        at === end && c === SLASH && filter.length === i + 2 && filter.charCodeAt(i + 1) === HASH
      );
    }
  }
  return at === end;
}
