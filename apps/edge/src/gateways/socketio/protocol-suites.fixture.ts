import { AsyncLocalStorage } from "node:async_hooks";
import { afterAll, beforeAll, chai, describe, expect, it } from "vitest";
import { WebSocket } from "ws";

/** The server that a suite is run against. */
export interface Target {
  port: number;
  /** Sent with every request. */
  headers?: Record<string, string>;
  stop(): Promise<void>;
}

/** Tests of a suite that are left out, by their full name, and why. */
export type LeftOut = Record<string, string>;

const ADDRESS = /^(http|ws):\/\/localhost:3000\/(?:engine|socket)\.io\//;
const current = new AsyncLocalStorage<Target>();

function redirected(address: string): { url: string; headers: Record<string, string> } {
  const { port, headers = {} } = current.getStore() as Target;
  return { url: address.replace(ADDRESS, `$1://127.0.0.1:${port}/socket.io/`), headers };
}

class SuiteSocket extends WebSocket {
  constructor(address: string) {
    const { url, headers } = redirected(address);
    super(url, { headers });
    // The suites look at `close` alone.
    this.on("error", () => {});
  }
}

const { fetch } = globalThis;
const suiteFetch = (address: string, init: RequestInit = {}): Promise<Response> => {
  const { url, headers } = redirected(address);
  return fetch(url, { ...init, headers });
};

/**
 * The suites look whether a session has timed out at the very moment in which the server's two
 * timers, which run one after the other, may have ended: they are given a little longer.
 */
const TIMED_OUT_MS = 500;
const SLACK_MS = 200;
const { setTimeout } = globalThis;
const suiteTimeout = (then: () => void, ms?: number, ...args: []): NodeJS.Timeout =>
  setTimeout(then, ms === TIMED_OUT_MS ? ms + SLACK_MS : ms, ...args);

chai.use(({ Assertion }) => {
  Assertion.addMethod("startsWith", function (this: object, start: string) {
    const text: unknown = Reflect.get(this, "_obj");
    expect(text).toSatisfy((value: unknown) => String(value).startsWith(start));
  });
});

/** The suites go by the clock: where this process does not run for 300 ms, a ping comes in between. */
const PATIENCE = { timeout: 5000, retry: 3 };

let runs = 0;

/**
 * Declares the tests of one of the files in `suites`, within a `describe`.
 * The tests keep no state between them, and mostly wait: run them side by side.
 */
export async function protocolSuite(
  file: "engine.io-v4.js" | "socket.io-v5.js",
  start: () => Promise<Target>,
  leftOut: LeftOut = {},
): Promise<void> {
  let target: Target;
  beforeAll(async () => {
    target = await start();
  });
  afterAll(() => target.stop());

  const unknown = new Set(Object.keys(leftOut));
  let path: string[] = [];
  const globals = {
    chai,
    fetch: suiteFetch,
    WebSocket: SuiteSocket,
    setTimeout: Object.assign(suiteTimeout, setTimeout),
    describe(name: string, declare: () => void) {
      const within = [...path, name];
      describe(`${name}`, () => {
        path = within;
        declare.call({ timeout: () => undefined });
      });
    },
    it(name: string, test: () => Promise<void>) {
      const isLeftOut = unknown.delete([...path, name].join(" > "));
      it.skipIf(isLeftOut)(`${name}`, PATIENCE, () => current.run(target, test));
    },
  };
  Object.assign(globalThis, globals);
  await import(new URL(`./suites/${file}?run=${++runs}`, import.meta.url).href);
  it("leaves out only what there is", () => {
    expect([...unknown]).toEqual([]);
  });
}
