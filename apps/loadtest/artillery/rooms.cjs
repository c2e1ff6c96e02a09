// What a virtual user of rooms.yml does. Settings come from the environment.
"use strict";

const setting = (name, otherwise) => Number(process.env[name] || otherwise);

const apiKey = process.env.API_KEY || "demo-key-123";
/** As many as come. */
const connections = setting("CONNECTIONS", 100);
const roomSize = setting("ROOM", 10);
const rate = setting("RATE", 150);
const seconds = setting("SECONDS", 30);
const text = "x".repeat(setting("SIZE", 300));
/** Topics of their own for each run, so that seqs begin at 1; runs in several processes need RUN. */
const run = process.env.RUN || Math.floor(Date.now() / 60_000);

const AUTHENTICATE = 0;
const SUBSCRIBE = 1;
const FIRST_PUBLISH = 2;

let users = 0;

/** Authenticates and subscribes; what is heard from then on is counted and timed. */
function join(context, events, done) {
  const user = users++;
  const rooms = Math.max(1, Math.round(connections / roomSize));
  const self = {
    topic: `channel:artillery-${run}-${user % rooms}`,
    dueAt: new Map(),
    nextId: FIRST_PUBLISH,
    lastSeq: 0,
    leaving: false,
  };
  context.tellwire = self;
  // A check of a figure that nobody has told would fail.
  events.emit("counter", "tellwire.failures", 0);
  context.ws.on("close", () => {
    if (!self.leaving) fail(events, "connection closed");
  });
  context.ws.on("message", (data) => {
    const frame = JSON.parse(data.toString());
    if (frame.method === "message") heard(self, events, frame.params);
    else if (frame.id === AUTHENTICATE || frame.id === SUBSCRIBE) {
      if (frame.error) fail(events, `refused: ${frame.error.message}`);
      else if (frame.id === SUBSCRIBE) done();
      else request(context, SUBSCRIBE, "subscribe", { topics: [{ topic: self.topic }] });
    } else answered(self, events, frame);
  });
  const params = { api_key: apiKey, user: `artillery-${process.pid}-${user}` };
  request(context, AUTHENTICATE, "authenticate", params);
}

/** Publishes at random intervals without waiting for answers; latencies count from when each was due. */
function publishForAWhile(context, events, done) {
  const until = Date.now() + seconds * 1000;
  const self = context.tellwire;
  const next = (from) => {
    const due = from - Math.log(1 - Math.random()) * (connections / rate) * 1000;
    if (due > until) return done();
    setTimeout(
      () => {
        const id = self.nextId++;
        self.dueAt.set(id, due);
        request(context, id, "publish", { topic: self.topic, body: { due, text } });
        next(due);
      },
      Math.max(0, due - Date.now()),
    );
  };
  next(Date.now());
}

/** Whatever has no answer by now is an error. */
function leave(context, events, done) {
  context.tellwire.leaving = true;
  for (const _ of context.tellwire.dueAt) fail(events, "no answer");
  done();
}

function fail(events, reason) {
  events.emit("error", reason);
  events.emit("counter", "tellwire.failures", 1);
}

function answered({ dueAt }, events, { id, error }) {
  const due = dueAt.get(id);
  if (due === undefined) return;
  dueAt.delete(id);
  if (error) {
    fail(events, `publish: ${error.message}`);
    return;
  }
  events.emit("counter", "tellwire.acknowledged", 1);
  events.emit("histogram", "tellwire.ack_ms", Date.now() - due);
}

function heard(self, events, { seq, body }) {
  if (self.lastSeq > 0 && seq !== self.lastSeq + 1) fail(events, "out of order");
  self.lastSeq = seq;
  events.emit("counter", "tellwire.delivered", 1);
  events.emit("histogram", "tellwire.delivery_ms", Date.now() - body.due);
}

function request({ ws }, id, method, params) {
  ws.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
}

module.exports = { join, publishForAWhile, leave };
