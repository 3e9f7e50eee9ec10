/**
 * Which tests of secrets run once more over secrets of pools, and where: see tests/support/kinds.ts.
 */

/** The foundation and protection suites: what is true of every secret. */
const EVERY = [
  ...["arguments", "async", "close", "collect", "corruption", "create", "death", "dispose"],
  ...["equals_copy", "errors", "escape", "fill", "keyed_arguments", "keyed_random"],
  ...["keyed_threads", "keyed_vectors", "keyed_windows", "kinds", "leaks", "open", "options"],
  ...["purge", "read", "redaction_errors", "redaction", "rest", "revoke", "share", "source"],
  ...["status", "storm", "update", "window", "worker"],
];

/** Of these, what the runtime has a part in: collecting, detaching, Workers. */
const CORE = ["close", "collect", "kinds", "leaks", "rest", "share", "update", "window", "worker"];

const paths = (names) => names.map((name) => `tests/${name}_test.ts`);

const RUNTIMES = ["bun", "deno", "node"];

/** Both kinds in full on every runtime. */
const WHOLE = RUNTIMES.flatMap((runtime) =>
  ["pool", "seal"].map((kind) => ({ runtime, kind, files: paths(EVERY) }))
);

/** Both in full on one runtime, and the core of the one that seals on the others. */
const BRIEF = [
  ...WHOLE.filter(({ runtime }) => runtime === "bun"),
  { runtime: "deno", kind: "seal", files: paths(CORE) },
  { runtime: "node", kind: "seal", files: paths(CORE) },
];

/** What is tested in a form (`brief` or `whole`). */
export const kindsIn = (form) => form === "brief" ? BRIEF : WHOLE;
