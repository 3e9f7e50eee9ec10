/**
 * The command: from its arguments to its exit status.
 *
 * @module
 */
import { VERSION } from "../version.ts";
import { adviceOn } from "./advice.ts";
import { HELP, parse } from "./command_line.ts";
import { lookAtHost } from "./host.ts";
import { examine, type Report, type RowName } from "./report.ts";
import { standardTerminal, type Terminal, wrap } from "./terminal.ts";
import { textOf, type Verdict } from "./text.ts";
import { type NotWritten, writeLibraries, writeLibrary, type Written } from "./write_library.ts";

/** All is there; something is missing, or could not be done; the command line is wrong. */
const STATUS = { fine: 0, missing: 1, wrong: 2 } as const;

/**
 * Runs the doctor as a command: prints, and returns the exit status.
 *
 * @param args The command line, without the runtime and the name of the program.
 * @param terminal Where to print; by default the process's own streams.
 * @returns 0 if secrets can be made and all that is required is there, 1 if not, 2 for a wrong
 * command line.
 *
 * @example Usage
 * ```ts
 * import { run } from "@securememory/core/doctor";
 *
 * console.log(run(["--version"])); // the version, and 0
 * ```
 */
export function run(args: readonly string[], terminal: Terminal = standardTerminal()): number {
  const command = parse(args);
  switch (command.kind) {
    case "wrong":
      terminal.error(`doctor: ${command.message}`);
      return STATUS.wrong;
    case "help":
      terminal.out(HELP.trimEnd());
      return STATUS.fine;
    case "version":
      terminal.out(VERSION);
      return STATUS.fine;
    case "write":
      return write(writeLibrary(command.path), command.json, terminal);
    case "write-both":
      return write(writeLibraries(command.folder), command.json, terminal);
    case "examine":
      return tell(command.required, command.json, terminal);
  }
}

function tell(required: readonly RowName[], json: boolean, terminal: Terminal): number {
  const report = examine();
  const verdict = verdictOn(report, required);
  terminal.out(
    json
      ? JSON.stringify({ ...report, ...verdict }, null, 2)
      : textOf(report, verdict, terminal).join("\n"),
  );
  return verdict.ok ? STATUS.fine : STATUS.missing;
}

function verdictOn({ secret, rows }: Report, required: readonly RowName[]): Verdict {
  const missing = required.filter((name) =>
    !rows.some((row) => row.name === name && row.available)
  );
  return { required, missing, ok: secret.made && missing.length === 0 };
}

function write(
  result: Written | readonly Written[] | NotWritten,
  json: boolean,
  terminal: Terminal,
): number {
  if (!("message" in result)) {
    const lines = [result].flat().map(({ path, sha256 }) => `${path}\nsha256 ${sha256}`);
    terminal.out(json ? JSON.stringify(result, null, 2) : lines.join("\n"));
    return STATUS.fine;
  }
  terminal.error(`doctor: ${result.message}`);
  if (result.unsupported) {
    const advice = adviceOn({ row: "secret", reason: result.message }, lookAtHost());
    for (const { text, commands } of advice) {
      terminal.error(wrap(text, terminal.columns, "  ").join("\n"));
      for (const line of commands) terminal.error(`    ${line}`);
    }
  }
  return STATUS.missing;
}
