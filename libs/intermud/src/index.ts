export { LpcFloat, type LpcMapping, type LpcValue } from "./mudmode/lpc-value.js";
export { decodeText, type Decoded } from "./mudmode/lpc.decoder.js";
export { encodeText } from "./mudmode/lpc.encoder.js";
export { MAX_FRAME_OF_STRANGER } from "./mudmode/frame.decoder.js";
export { encodeFrame, MudmodeDecoder, type Received } from "./mudmode/mudmode.codec.js";
export { MudmodeError } from "./mudmode/mudmode.error.js";

export type { Body, PacketType } from "./packets/catalogue.js";
export {
  forNextHop,
  readEnvelope,
  type Envelope,
  type Origin,
  type Target,
} from "./packets/envelope.js";
export { encodePacket } from "./packets/packet-frame.js";
export {
  errorPacket,
  newPacket,
  readPacket,
  writePacket,
  type Packet,
  type PacketOf,
} from "./packets/packet.codec.js";
export { PacketError, type ErrorCode } from "./packets/packet.error.js";
export type {
  ChannelEntry,
  ChannelType,
  Finger,
  MudDescription,
  MudEntry,
  RouterAddress,
  WhoEntry,
} from "./packets/records.js";

export { carryPacket, readCarried, type CarriedPacket } from "./carried/carried-packet.js";
export { saidIn, type Said } from "./carried/said.js";

export { isChannelName, isListable, isMudName } from "./router/bounds.js";
export { decideAbsences, decideDrop, decideProcessGone, removal } from "./router/absences.js";
export { irnLists } from "./router/irn-lists.js";
export {
  decideFromRouter,
  decideIrnStartup,
  decideRouterGone,
  irnPing,
  irnStartup,
  type RouterIdentity,
} from "./router/irn.js";
export {
  bookAfter,
  emptyBook,
  readDescription,
  touchedBy,
  writeDescription,
  type BookDelta,
  type Member,
  type RouterBook,
  type StoredChannel,
  type StoredMud,
} from "./router/router-book.js";
export { isChannelMessage, mayUse, removeChannel } from "./router/channels.js";
export { chanlistPackets, looksDifferent, mudlistPackets } from "./router/list-deltas.js";
export {
  applyChanges,
  channelOf,
  emptyView,
  isConnection,
  mudOf,
  nextListId,
  type Arrival,
  type Change,
  type ChannelRow,
  type Connection,
  type MudRow,
  type Outcome,
  type RouterView,
} from "./router/router-view.js";
export { decideMalformed, decidePacket, isForRouter } from "./router/routing.js";

export { answerRequest, type Presence, type PresentUser } from "./uplink/answers.js";
export { afterLoss, afterReply, nextTry, startFailover, type Failover } from "./uplink/failover.js";
export { readIncoming, type Incoming } from "./uplink/incoming.js";
export {
  listsOf,
  mergeChanlist,
  mergeMudlist,
  type MudlistMerge,
  type NetworkLists,
} from "./uplink/network-lists.js";
export { matchReply, type Match, type Pending } from "./uplink/requests.js";
export { startupRequest } from "./uplink/startup.js";
