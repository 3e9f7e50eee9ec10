/**
 * Tests of the main entry that say nothing of the edge, and why.
 *
 * @module
 */

const NO_PROCESSES = "it needs a process of its own";
const NO_REVOKING = "a view of WebAssembly memory cannot be detached: revokeViews is unsupported";
const NO_RUNGS = "it requires a rung of the ladders";
const NO_TRANSFER = "the engine refuses to transfer WebAssembly memory";

/** By name: the reason. */
export const EXCEPTIONS: Readonly<Record<string, string>> = {
  "after `purge()` every secret is closed, closing it works, and new secrets work": NO_PROCESSES,
  "after `purge()` no secret counts as in use, closed or not": NO_PROCESSES,
  "a secret of 64 MiB holds its first, last and middle bytes":
    "closed, it takes twice its length, which is all the memory there can be",
  "`copy` takes options of its own": NO_REVOKING,
  "every message is a sentence without a final period, and says what could not be done":
    NO_TRANSFER,
  "a callback that transfers the view's buffer is a TypeError, and the window is closed":
    NO_TRANSFER,
  "a producer that transfers the buffer is a TypeError and leaves nothing": NO_TRANSFER,
  "errors that are thrown are of the documented classes, with a code if they are ours": NO_TRANSFER,
  "a transfer in a nested window is a TypeError for that one and the outer one": NO_TRANSFER,
  "a transfer and an error of the callback are both kept": NO_TRANSFER,
  "the address of a secret whose buffer was transferred is never used again": NO_TRANSFER,
  "options of a call win over the factory's, one by one": NO_REVOKING,
  "`Secret.fill()` with `revokeViews` detaches the producer's view": NO_REVOKING,
  "`Secret.fill()` with `revokeViews` detaches the view of a producer that throws": NO_REVOKING,
  "a page that is used again holds nothing of the secret before":
    "it counts pages; cases/memory.ts tests the same of blocks",
  "the rungs that are there can be required, and hold": NO_RUNGS,
  "Secret.fromHex: passes options on, also from a factory": NO_RUNGS,
  "Secret.fromBase64: passes options on, also from a factory": NO_RUNGS,
  "Secret.fromBase64Url: passes options on, also from a factory": NO_RUNGS,
  "the callback gets one argument: a Uint8Array of the secret's length":
    "the view's buffer is the whole memory",
};
