/** What `subscribe` answers for each topic: refused, or how far the topic has come. */
export interface TopicAnswer {
  head?: number;
  error?: { code?: number; message?: string };
}

/** Why the one topic that was asked for was refused, if it was. */
export function topicError(topics: readonly TopicAnswer[] | undefined): string | undefined {
  const error = topics?.[0]?.error;
  return error && `${error.code} ${error.message}`;
}
