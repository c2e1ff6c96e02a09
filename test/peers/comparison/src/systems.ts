import type { System } from "@tellwire/loadgen";
import { start as startEjabberd } from "@tellwire/peer-ejabberd";
import { start as startNchan } from "@tellwire/peer-nchan";
import { start as startNestSocketIo } from "@tellwire/peer-nest-socketio";
import { start as startRabbitMq } from "@tellwire/peer-rabbitmq";
import { start as startSocketIoStreams } from "@tellwire/peer-socketio-streams";
import { startTellwire, startTellwireSocketIo } from "./tellwire.system.js";

export interface Peer {
  title: string;
  /** Stops what it has started when the signal comes before it is up. */
  start: (interrupted: AbortSignal) => Promise<System>;
  /** Which of its targets is driven. */
  kind: Kind;
}

export type Kind = keyof System["targets"];

/** What each peer is compared with. */
export const TELLWIRE = "tellwire";
export const reference: Pick<Peer, "title" | "start"> = {
  title: "Tellwire `/ws`",
  start: startTellwire,
};

/** The names of `--peers`. */
export const peers: Record<string, Peer> = {
  "nest-socketio": {
    title: "NestJS, Socket.IO, Redis adapter",
    start: startNestSocketIo,
    kind: "rooms",
  },
  "socketio-streams": {
    title: "Socket.IO, Redis Streams adapter",
    start: startSocketIoStreams,
    kind: "rooms",
  },
  ejabberd: { title: "ejabberd, groupchat", start: startEjabberd, kind: "rooms" },
  rabbitmq: { title: "RabbitMQ, STOMP", start: startRabbitMq, kind: "rooms" },
  nchan: { title: "Nchan, Redis", start: startNchan, kind: "rooms" },
  "tellwire-socketio": {
    title: "Tellwire Socket.IO",
    start: startTellwireSocketIo,
    kind: "rooms",
  },
  "ejabberd-inboxes": { title: "ejabberd, one-to-one", start: startEjabberd, kind: "inboxes" },
};
