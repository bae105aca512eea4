/** Every size and count at which the journal and the snapshot files do something else, in one place. */

/** A segment is preallocated at this size; the next one is prepared when half of it is used. */
export const SEGMENT_BYTES_DEFAULT = 64 * 1024 * 1024;

/** Nothing smaller holds a preamble and a frame worth its sync. */
export const SEGMENT_BYTES_MIN = 4096;

/** A frame that holds this much takes no further append; a single append may be larger. */
export const FRAME_BYTES_SOFT_MAX = 8 * 1024 * 1024;

/** What a frame's length field may say; recovery takes a larger one for damage. */
export const FRAME_PAYLOAD_BYTES_MAX = 1024 * 1024 * 1024;

/** An encoding buffer that grew past this is given back after its frame. */
export const FRAME_BUFFER_KEPT_BYTES_MAX = 4 * 1024 * 1024;

/** A piece of a machine's image in one chunk of a snapshot file; larger pieces are cut. */
export const SNAPSHOT_CHUNK_BYTES_MAX = 1024 * 1024;

/** What the header of a snapshot file may say its meta takes. */
export const SNAPSHOT_META_BYTES_MAX = 1024 * 1024;
