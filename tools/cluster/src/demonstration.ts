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
  const body = `hello, it is ${new Date().toISOString()}`;
  const arrival = Promise.withResolvers<Message>();
  await bob.subscribe(topic, {
    onMessage: (message) => {
      if (message.body === body) arrival.resolve(message);
    },
  });
  const began = performance.now();
  const sinceThen = <T>(value: T) => ({ value, ms: (performance.now() - began).toFixed(1) });
  const [ack, received] = await Promise.all([
    alice.publish(topic, body).then(sinceThen),
    arrival.promise.then(sinceThen),
  ]);
  return [
    `  ${received.value.from} → ${received.value.topic}: "${body}"`,
    `  committed as seq ${ack.value.seq}, acknowledged after ${ack.ms} ms`,
    `  bob had it, as seq ${received.value.seq}, after ${received.ms} ms`,
  ];
}

function tooLate(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  const error = new Error(`no message arrived within ${PATIENCE_MS / 1000} s`);
  setTimeout(() => reject(error), PATIENCE_MS).unref();
  return promise;
}
