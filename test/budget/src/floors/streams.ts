/** The two streams that every batch crosses, as in Tellwire. */
export const INGRESS = "floor:ingress";
export const EGRESS = "floor:egress";
export const FIELD = "d";
/** Entries that stay in a stream. */
export const KEPT = 1000;
