import { expect, test } from "vitest";
import groupchat from "./groupchat.protocol.js";
import oneToOne from "./one-to-one.protocol.js";

const FEATURES = "<stream:features xmlns:stream='http://etherx.jabber.org/streams'>";
const SUCCESS = "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>";
const BOUND = "<iq xmlns='jabber:client' type='result' id='bind'><bind/></iq>";
const credentials = { api_key: "secret", user: "load-77-1" };

test("a stream is opened, authenticated, opened again and bound", () => {
  const conversation = groupchat.converse(credentials);
  expect(conversation.opening()).toContain("urn:ietf:params:xml:ns:xmpp-framing");
  const plain = Buffer.from("\0load1\0secret").toString("base64");
  expect(conversation.incoming(FEATURES)).toMatchObject({
    kind: "answer",
    frame: expect.stringContaining(`mechanism='PLAIN'>${plain}<`) as string,
  });
  expect(conversation.incoming(SUCCESS)).toMatchObject({ frame: conversation.opening() });
  expect(conversation.incoming(FEATURES)).toMatchObject({
    frame: expect.stringContaining("xmpp-bind") as string,
  });
  expect(conversation.incoming(BOUND)).toEqual({ kind: "ready" });
  const failure = "<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><not-authorized/></failure>";
  expect(conversation.incoming(failure)).toEqual({ kind: "refused", reason: failure });
});

test("a room's last word to who joins answers the subscription", () => {
  const conversation = groupchat.converse(credentials);
  expect(conversation.subscribe(3, "channel:load-1-2")).toContain(
    "to='channel-load-1-2@conference.localhost/load-77-1'",
  );
  const subject = "<message from='r@conference.localhost' type='groupchat'><subject/></message>";
  expect(conversation.incoming("<presence from='r'/>")).toEqual({ kind: "nothing" });
  expect(conversation.incoming(subject)).toEqual({ kind: "reply", id: 3 });
  const refusal = "<presence from='r' type='error'><error/></presence>";
  expect(conversation.incoming(refusal)).toEqual({ kind: "reply", id: 3, error: refusal });
});

test("one's own message is its ack, if the room archives", () => {
  const conversation = groupchat.converse(credentials);
  expect(conversation.publish(4, "channel:a", "hi")).toContain("id='load-77-1.4'");
  const reflection = (id: string, archive: string): string =>
    `<message from='r/x' type='groupchat' id='${id}'>${archive}<body>hi</body></message>`;
  const archived = "<stanza-id by='r' id='179' xmlns='urn:xmpp:sid:0'/>";
  expect(conversation.delivered!(reflection("load-77-1.4", archived))).toEqual({
    kind: "reply",
    id: 4,
    error: undefined,
  });
  expect(conversation.delivered!(reflection("load-77-1.5", ""))).toMatchObject({
    error: "not archived",
  });
  expect(conversation.delivered!(reflection("load-77-2.4", archived))).toBeUndefined();
});

test("each chat message asks for an ack, and acks come in order", () => {
  const conversation = oneToOne.converse(credentials);
  const [message, request] = conversation.publish(7, "user:load-77-5", "hi");
  expect(message).toContain("to='load5@localhost'");
  expect(request).toBe("<r xmlns='urn:xmpp:sm:3'/>");
  conversation.publish(8, "user:load-77-5", "hi");
  expect(conversation.incoming("<a h='5' xmlns='urn:xmpp:sm:3'/>")).toMatchObject({ id: 7 });
  expect(conversation.incoming("<a h='6' xmlns='urn:xmpp:sm:3'/>")).toMatchObject({ id: 8 });
});

test("the server is told how many stanzas came", () => {
  const conversation = oneToOne.converse(credentials);
  conversation.incoming("<presence from='load1@localhost/load'/>");
  conversation.delivered!("<message/>");
  conversation.delivered!("<message/>");
  expect(conversation.incoming("<r xmlns='urn:xmpp:sm:3'/>")).toEqual({
    kind: "answer",
    frame: "<a xmlns='urn:xmpp:sm:3' h='3'/>",
  });
});
