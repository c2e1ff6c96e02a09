/** Smaller than what any network cuts a stream into. */
const PIECE_BYTES = 256;
const LEAST = 64;

/**
 * Options of `ws` that bound the pieces, of the stream or of a message, in which a
 * frame may come: each is held as an object, which weighs far more than a byte,
 * and needs no authentication. Past it a connection is closed with 1008.
 */
export function boundedPieces(maxFrame: number): {
  maxBufferedChunks: number;
  maxFragments: number;
} {
  const most = Math.max(LEAST, Math.ceil(maxFrame / PIECE_BYTES));
  return { maxBufferedChunks: most, maxFragments: most };
}
