/**
 * Which lines of the core and of the gate carry a claim: found by what they say, not by
 * where they are, so that new code with the same calls is covered when it is written.
 *
 * An entry names the files, and one of these:
 *
 *     statement   how a statement begins; it is put out of action
 *     operands    how a statement begins; each operand of its "and" and "or" is, in turn
 *     text, by    part of an expression, and what to put in its place ($& is the part)
 *
 * `ends` is how the statement has to end, where its beginning does not say what it is.
 */

/** Calls whose loss would leave bytes unlocked, unmarked, open, unwiped or unguarded. */
const call = (names) =>
  String
    .raw`(?:if \([^\n]*\) (?:\|\w+\| )?)?(?:return )?(?:_ = )?(?:try )?(?:vars\(\)\.)?(?:[\w.]+\.)?(?:${names})\(`;

/** The core as it is built for this host; what only other systems compile cannot be run here. */
const CORE =
  /^zig\/(?!.*(?:_test|tests|seam|panic|layout|abi\w*|statistics)\.zig$)(?:os\/(?:linux|pkru)\w*|(?!os\/)[\w/]+)\.zig$/;
const SEALING = /^zig\/(?:enclave|seal|seal\/(?:boxes|key|nonces|rekey))\.zig$/;
const POOLS = /^zig\/(?:held|pool\/\w+)\.zig$/;
const GATE = /^src\/(?:gate|rest|view|window|leaks|create|redact|state|secret|share)\.ts$/;

export const claims = [
  // The core, Zig.
  { what: "advice", files: CORE, statement: call("mark|advise\\w*|madvise|populate") },
  { what: "lock", files: CORE, statement: call("settle|mlock2?") },
  { what: "system call", files: CORE, statement: String.raw`_ = try call\(cause, \.\w+` },
  { what: "lock", files: CORE, text: String.raw`\.ONFAULT = true`, by: ".ONFAULT = false" },
  {
    what: "protection",
    files: CORE,
    statement: call(
      "open\\w*|close\\w*|protect|mprotect|pkey\\w*|\\w*pkru|tag|retag|untag|hide|show",
    ),
  },
  { what: "protection", files: CORE, statement: String.raw`asm volatile` },
  {
    what: "protection",
    files: CORE,
    text: String.raw`(?<=\.read => )\.\{ \.READ = true \}`,
    by: ".{ .READ = true, .WRITE = true }",
  },
  {
    what: "protection",
    files: CORE,
    text: String.raw`try map\(cause, @ptrFromInt\(address\)[^;]*`,
    by: "if (false) $& else address",
  },
  { what: "seal", files: CORE, statement: call("seal\\w*|mseal") },
  {
    what: "wipe",
    files: CORE,
    statement: call("wipe\\w*|secureZero|scrub|abandon|purge_one|drop_memory|replace"),
  },
  { what: "wipe", files: CORE, statement: String.raw`errdefer` },
  { what: "canary", files: CORE, statement: call("fill") },
  { what: "canary", files: CORE, statement: String.raw`if \(!intact\)` },
  { what: "canary", files: CORE, operands: String.raw`const intact =` },
  {
    what: "canary",
    files: CORE,
    statement: String.raw`(?:for [^\n]* )?(?:rest|difference|wide) \|=`,
  },
  { what: "constant time", files: CORE, statement: call("doNotOptimizeAway") },
  { what: "random", files: CORE, statement: call("random") },
  { what: "invariant", files: CORE, statement: call("check|write_error") },
  {
    what: "invariant",
    files: CORE,
    statement: String.raw`(?:if \([^\n]*\) )?invariant\.vars\(\)\.wipe_everything =`,
  },
  {
    what: "check",
    files: CORE,
    statement: String.raw`if \((?!seam)[^\n]*\) (?:return(?:;| err| 0| false)|continue)`,
  },
  { what: "check", files: CORE, operands: String.raw`if \(` },
  {
    what: "check",
    files: CORE,
    statement: String.raw`if \([^\n]*\) \{\n\s*record\.lock\.release\(\);\n\s*return error`,
  },
  {
    what: "check",
    files: CORE,
    text: String.raw`(?<=return )compare\.equal\([^;]*`,
    by: "(true or $&)",
  },
  {
    what: "state",
    files: CORE,
    statement: String.raw`(?:if \([^\n]*\) )?record\.(?!next)\w+ [-+]?=`,
  },
  {
    what: "state",
    files: CORE,
    statement: call("renew|end_rest|end_window|forget|give|push|unreserve|note_limit"),
  },
  { what: "state", files: CORE, statement: String.raw`_ = @atomicRmw` },
  {
    what: "count",
    files: CORE,
    statement: String.raw`(?:if \([^\n]*\) )?counters\.vars\(\)\.\w+\.(?:add|sub)\(`,
  },
  { what: "status", files: CORE, statement: String.raw`found\.\?\.\w+ =` },
  { what: "status", files: CORE, statement: String.raw`if \(head\.to == address\)` },
  { what: "status", files: CORE, operands: String.raw`(?:const guarded_after|found\.\?\.\w+) =` },
  // The key that secrets are sealed with, and what a box is bound to.
  {
    what: "sealing",
    files: SEALING,
    statement: String
      .raw`(?:if \([^\n]*\) )?(?:pair|half|entry|ours|record|word|one|other|\w+\.\*)\.[\w*]+ (?:[-+]%?|\^)?=`,
  },
  { what: "sealing", files: SEALING, statement: call("set|make\w*|renew|shut|forget|drop|take") },
  {
    what: "sealing",
    files: SEALING,
    text: String.raw`(?<=\.(?:random|serial|instance|length|handle|domain|key) = )[^,\n@]+(?=,\n)`,
    by: "std.mem.zeroes(@TypeOf($&))",
  },
  // Slots of pools: what says where a secret is, and what may become of the place.
  {
    what: "pool",
    files: POOLS,
    statement: call(
      "suspect|retire|set_aside|stir|rest|lock_and_pin|free_oldest|give_\\w+|note\\w*|settle|" +
        "set_rights|uncount\\w*|end_all|drop_box|move_words|finish|remove|take_back",
    ),
  },
  {
    what: "pool",
    files: POOLS,
    statement: String
      .raw`(?:if \([^\n]*\) )?(?:slot|page|entry|pool|own|entry\.flags|slot\.page)\.(?!next)\w+ [-+]?=`,
  },
  { what: "limit", files: CORE, statement: String.raw`if \([^\n]*\) vars\(\)\.limit_bypassed` },
  {
    what: "guard",
    files: /^zig\/layout\.zig$/,
    text: String.raw`\+ page_size\) \+ page_size`,
    by: ") + page_size",
  },
  {
    what: "guard",
    files: /^zig\/layout\.zig$/,
    text: String.raw`(?<=return )page_size \+ `,
    by: "",
  },

  // The gate, TypeScript.
  { what: "guard", files: GATE, statement: String.raw`if \(` },
  { what: "guard", files: GATE, operands: String.raw`(?:if \(|return |const \w+ =)` },
  { what: "throw", files: GATE, statement: String.raw`throw ` },
  {
    what: "call",
    files: GATE,
    statement: String
      .raw`(?:void |await )?(?!if\b|for\b|while\b|switch\b|return\b|super\b|catch\b|constructor\b)[\w.#]+(?:\?\.)?\(`,
    ends: ");",
  },
  { what: "state", files: GATE, statement: String.raw`[\w.#]+(?:\[\w+\])? [-+|]?= `, ends: ";" },
  { what: "choice", files: /^src\/rest\.ts$/, text: String.raw`detach\(buffer\) \?`, by: "true ?" },
  {
    what: "choice",
    files: /^src\/gate\.ts$/,
    text: String.raw`protection === PROTECTION_READ \? state`,
    by: "true ? state",
  },
];
