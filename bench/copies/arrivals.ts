/**
 * The ways in which a key becomes a `Secret`.
 *
 * @module
 */

/** The ways, in the order in which they are shown. */
export const ARRIVALS = {
  string: "`fromString`",
  hexString: "`fromHex` of a string",
  base64String: "`fromBase64` of a string",
  environment: "`fromEnv`",
  scrubbed: "`fromEnv` with `scrub: true`",
  array: "`from` of an array",
  fill: "`fill`",
  hex: "`fromHex` of an array",
  base64: "`fromBase64` of an array",
  file: "`fromFile`",
  descriptor: "`fromFd` of a pipe",
  prompt: "`prompt` at a terminal",
  writer: "`SecretWriter` of a stream",
} as const;

/** One of {@linkcode ARRIVALS}. */
export type Arrival = keyof typeof ARRIVALS;

/** What stands for the key in the file, where that is not the key itself. */
export function encodingOf(arrival: Arrival): "hex" | "base64" | undefined {
  if (arrival === "hex" || arrival === "hexString") return "hex";
  return arrival === "base64" || arrival === "base64String" ? "base64" : undefined;
}

/** The variable that has the key, where it comes from one. */
export const VARIABLE = "SECUREMEMORY_COPIES_KEY";

/** What the terminal shows when the key may be typed. */
export const QUESTION = "Key: ";

/** Runs a command at a terminal: what it writes comes out, what comes in is typed. */
export const AT_A_TERMINAL: readonly string[] = [
  "python3",
  "-c",
  "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]))",
];
