/** What a MUD tells of itself when it registers with a router (Intermud-3, "startup-req-3"). */
export interface NetworkMudDescription {
  playerPort: number;
  tcpPort: number;
  udpPort: number;
  mudlib: string;
  baseMudlib: string;
  driver: string;
  mudType: string;
  openStatus: string;
  adminEmail: string;
  /** Service → 1, or the port at which it answers. */
  services: Record<string, number>;
}

/** `state`: -1 up, 0 down, else the seconds for which it will be down. */
export interface NetworkMud extends NetworkMudDescription {
  state: number;
  address: string;
}

/**
 * A MUD of a foreign Intermud network. Its users are those of the member of the
 * federation that stands for the network: `bob` of it is `user:bob%40<name>@<tenant>`.
 */
export interface ForeignMud {
  tenant: string;
  /** As the network spells it. */
  name: string;
  entry: NetworkMud;
}
