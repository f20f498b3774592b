/**
 * Whether a topic filter is one (MQTT 3.1.1 clause 4.7.1): `#` alone in the last level, `+`
 * alone in its level, one character at least.
 */
export function isTopicFilter(filter: string): boolean {
  if (filter === "" || filter.includes("\0")) return false;
  const levels = filter.split("/");
  return levels.every((level, i) => {
    if (level === "#") return i === levels.length - 1;
    return level === "+" || !/[+#]/.test(level);
  });
}

/** Whether a topic name may be published to (MQTT 3.1.1 clauses 3.3.2.1 and 4.7.3). */
export function isTopicName(name: string): boolean {
  return name !== "" && !/[+#\0]/.test(name);
}

/** Whether a topic name belongs to a topic filter (MQTT 3.1.1 clause 4.7). */
export function matches(filter: string, name: string): boolean {
  // Clause 4.7.2: what begins with a wildcard does not reach topics of the server's own.
  if (name.startsWith("$") && /^[+#]/.test(filter)) return false;
  const levels = name.split("/");
  const wanted = filter.split("/");
  for (const [i, level] of wanted.entries()) {
    if (level === "#") return true;
    if (i >= levels.length || (level !== "+" && level !== levels[i])) return false;
  }
  return levels.length === wanted.length;
}
