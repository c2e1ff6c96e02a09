/**
 * The server's one spelling of a topic (percent-encoded, NFC, with its tenant),
 * so that events can be told apart whatever spelling the application uses. What
 * is not a valid topic comes back as it is: the server says what is wrong with it.
 */
export function canonicalTopic(topic: string, tenant: string): string {
  const at = topic.indexOf("@");
  const left = at < 0 ? topic : topic.slice(0, at);
  return `${canonicalLeft(left)}@${at < 0 ? tenant : topic.slice(at + 1)}`;
}

/**
 * What publishes are kept in order by: the topic without its tenant. Two tenants'
 * topics of one name may share it, which costs nothing but a little waiting; it
 * can be told before the session, and so one's own tenant, is known.
 */
export function orderName(topic: string): string {
  const at = topic.indexOf("@");
  return canonicalLeft(at < 0 ? topic : topic.slice(0, at));
}

function canonicalLeft(left: string): string {
  const colon = left.indexOf(":");
  if (colon < 0) return left;
  try {
    const name = decodeURIComponent(left.slice(colon + 1)).normalize("NFC");
    return `${left.slice(0, colon)}:${encodeURIComponent(name)}`;
  } catch {
    return left;
  }
}
