import { type Message, TellwireClient } from "@tellwire/client";

import type { DemoKey } from "./cluster.js";

const PATIENCE_MS = 15_000;

/**
 * Two users of the demo tenant exchange a message through nginx; returns what
 * happened, line by line. Rejects when it has not arrived after 15 s.
 */
export async function demonstrate(url: string, key: DemoKey): Promise<string[]> {
  const clientOf = (user: string) => new TellwireClient({ url, apiKey: key.api_key, user });
  const [alice, bob] = [clientOf("alice"), clientOf("bob")];
  try {
    return await Promise.race([exchange(alice, bob), tooLate()]);
  } finally {
    await Promise.all([alice.close({ timeoutMs: 500 }), bob.close({ timeoutMs: 500 })]);
  }
}

async function exchange(alice: TellwireClient, bob: TellwireClient): Promise<string[]> {
  const [, { tenant }] = await Promise.all([alice.connect(), bob.connect()]);
  const topic = `user:bob@${tenant}`;
  const arrivals = (await bob.subscribe(topic))[Symbol.asyncIterator]();
  const lines: string[] = [];
  // The first message finds everything cold; the second one shows the usual latency.
  for (const body of ["hello, bob", "are you there?"]) {
    const began = performance.now();
    const sinceThen = <T>(value: T) => ({ value, ms: (performance.now() - began).toFixed(1) });
    const [ack, arrival] = await Promise.all([
      alice.publish(topic, body).then(sinceThen),
      nextWith(body, arrivals).then(sinceThen),
    ]);
    lines.push(
      `  ${arrival.value.from} → ${topic}: "${body}" is seq ${arrival.value.seq}: ` +
        `delivered after ${arrival.ms} ms, committed and acknowledged after ${ack.ms} ms`,
    );
  }
  return lines;
}

async function nextWith(body: string, arrivals: AsyncIterator<Message>): Promise<Message> {
  for (;;) {
    const { value, done } = await arrivals.next();
    if (done) throw new Error("the subscription ended");
    if (value.body === body) return value;
  }
}

function tooLate(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const error = new Error(`no message arrived within ${PATIENCE_MS / 1000} s`);
  setTimeout(() => reject(error), PATIENCE_MS).unref();
  return promise;
}
