/**
 * The command line of the doctor.
 *
 * @module
 */
import { type RowName, ROWS } from "./report.ts";

/** What was asked for. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "examine"; readonly json: boolean; readonly required: readonly RowName[] }
  | { readonly kind: "write"; readonly json: boolean; readonly path: string }
  | { readonly kind: "write-both"; readonly json: boolean; readonly folder: string }
  | { readonly kind: "wrong"; readonly message: string };

/** What `--help` prints. */
export const HELP =
  `Tells what this host offers to SecureMemory, why something is missing, and what to do.

Usage: doctor [options]

  --json                   one JSON object on standard output, and nothing else
  --require NAME,...       fail unless all of these are there:
                           ${ROWS.slice(0, 4).join(", ")},
                           ${ROWS.slice(4).join(", ")}
  --write-library PATH     write the native library that is in use to a new file, and print its
                           path and SHA-256: for SECUREMEMORY_LIBRARY. Never overwrites.
  --write-libraries FOLDER
                           the same of all libraries, which keyed operations, pools, enclaves and
                           sources need: for SECUREMEMORY_CRYPTO_LIBRARY and
                           SECUREMEMORY_EXTRA_LIBRARY as well
  --help                   this text
  --version                version of the package

Exit status: 0 if secrets can be made and all that is required is there, 1 if not, 2 for a
wrong command line.

  deno run -A jsr:@securememory/core/doctor
  bunx @securememory/core doctor
  npx @securememory/core doctor --require secretmem,sealed-guards
`;

/** Options, and whether they take a value. */
const OPTIONS: ReadonlyMap<string, boolean> = new Map([
  ["--json", false],
  ["--require", true],
  ["--write-library", true],
  ["--write-libraries", true],
  ["--help", false],
  ["-h", false],
  ["--version", false],
]);

/** Reads it. An option's value stands behind it, or after "=". */
export function parse(args: readonly string[]): Command {
  const given = new Map<string, string[]>();
  for (let index = 0; index < args.length; index++) {
    const argument = args[index] as string;
    const equals = argument.indexOf("=");
    const name = equals === -1 ? argument : argument.slice(0, equals);
    const takesValue = OPTIONS.get(name);
    if (takesValue === undefined) return wrong(unknown(argument, name));
    if (!takesValue && equals !== -1) return wrong(`Cannot use ${name}: it takes no value`);
    const value = equals === -1 && takesValue ? args[++index] : argument.slice(equals + 1);
    if (takesValue && (value === undefined || value === "" || isOption(value, equals))) {
      return wrong(`Cannot use ${name}: it takes a value, ${WANTED[name]}`);
    }
    given.set(name, [...given.get(name) ?? [], value ?? ""]);
  }
  return commandOf(given);
}

function isOption(value: string, equals: number): boolean {
  return equals === -1 && value.startsWith("-");
}

const WANTED: Readonly<Record<string, string>> = {
  "--require": `one or more of ${ROWS.join(", ")}`,
  "--write-library": "the path of a new file",
  "--write-libraries": "the path of a folder",
};

function unknown(argument: string, name: string): string {
  const options = [...OPTIONS.keys()].filter((option) => option.startsWith("--")).join(", ");
  return argument.startsWith("-")
    ? `Cannot use the option ${name}: there is none of that name. There are ${options}`
    : `Cannot use the argument "${argument}": there are only options, ${options}`;
}

function commandOf(given: ReadonlyMap<string, readonly string[]>): Command {
  if (given.has("--help") || given.has("-h")) return { kind: "help" };
  if (given.has("--version")) return { kind: "version" };
  const json = given.has("--json");
  const lists = given.get("--require");
  const writing = ["--write-library", "--write-libraries"].filter((name) => given.has(name));
  const [name, other] = writing;
  if (name !== undefined) {
    if (lists !== undefined) {
      return wrong(`Cannot use --require with ${name}: it writes, and does not examine`);
    }
    if (other !== undefined) return wrong(`Cannot use ${name} with ${other}: which writes it, too`);
    const [path, second] = given.get(name) as readonly string[];
    if (second !== undefined) return wrong(`Cannot use ${name} twice: it writes to one place`);
    return name === "--write-library"
      ? { kind: "write", json, path: path as string }
      : { kind: "write-both", json, folder: path as string };
  }
  const names = (lists ?? []).flatMap((list) => list.split(",")).map((name) => name.trim());
  for (const name of names) {
    if (!ROWS.some((row) => row === name)) {
      return wrong(
        `Cannot require "${name}": there is nothing of that name. There are ${ROWS.join(", ")}`,
      );
    }
  }
  return { kind: "examine", json, required: [...new Set(names as RowName[])] };
}

function wrong(message: string): Command {
  return { kind: "wrong", message };
}
