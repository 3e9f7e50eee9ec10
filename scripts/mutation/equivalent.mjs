/**
 * Mutants that no test can catch, and why: each is run all the same, and if a test does
 * catch it, its entry here is wrong and the run fails.
 *
 * `part` is the line or the part of it as `--list` shows it, `nth` which of several equal
 * ones in the file (default: all of them).
 */
const SAVES_A_STEP = "The general way does the same for a secret of one thread, in more steps.";

const BETWEEN_TWO_STEPS =
  "It is for what another thread does between two steps of one call, which " +
  "no test can time.";

export const equivalent = [
  {
    file: "zig/pool/windows.zig",
    part: "if (page.owed == 0) return;",
    reason: "It saves looking at every slot where none is owed.",
  },
  { file: "zig/held.zig", part: "entry.place != record.index", reason: BETWEEN_TWO_STEPS },
  {
    file: "zig/held.zig",
    part: "if (place < locked.index) return error.Closed;",
    reason: BETWEEN_TWO_STEPS,
  },
  {
    file: "zig/pool/secrets.zig",
    part: "if (record.state != .live) return false;",
    reason: BETWEEN_TWO_STEPS,
  },
  {
    file: "zig/compare.zig",
    part: "std.mem.doNotOptimizeAway(&difference);",
    reason: "Today's compiler does not stop early without it either, as valgrind and the clock " +
      "see; it keeps later ones from learning to.",
  },
  {
    file: "src/gate.ts",
    part: "if (next === word) return;",
    reason: "Without it the word is swapped for itself, which changes nothing.",
  },
  {
    file: "src/gate.ts",
    part: "cell.shared !== undefined",
    reason: "On a secret of one thread CLOSING is in the word only when `closing` is set as " +
      "well, which was looked at before: this saves the look.",
  },
  {
    file: "src/gate.ts",
    part: "if (cell.shared === undefined) return openLocal(cell, protection);",
    reason: SAVES_A_STEP,
  },
  {
    file: "src/gate.ts",
    part: "if (cell.shared === undefined && !cell.closing) return closeLocal(cell);",
    reason: SAVES_A_STEP,
  },
];
