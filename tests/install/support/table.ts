/**
 * What was installed how, and ran where: a table in Markdown, whose rows the tests prove.
 *
 * @module
 */

/** One way to get the package, on one runtime. */
export interface Row {
  readonly route: string;
  readonly runtime: string;
  /** The commands that proved it, in their order. */
  readonly commands: readonly string[];
  /** Where the native library came from. */
  readonly library: string;
}

/** The table; what is different in every run (ports, folders) is given names. */
export function tableOf(rows: readonly Row[], names: Readonly<Record<string, string>>): string {
  const named = (text: string) =>
    Object.entries(names).reduce((sum, [value, name]) => sum.replaceAll(value, name), text);
  const lines = rows.map(({ route, runtime, commands, library }) =>
    `| ${route} | ${runtime} | ${library} | ${
      commands.map((one) => `\`${named(one)}\``).join(" ")
    } |`
  );
  return [
    "| install route | runtime | library from | proved by |",
    "| --- | --- | --- | --- |",
    ...lines,
  ].join("\n");
}
