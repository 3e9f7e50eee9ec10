/**
 * A report for people.
 *
 * @module
 */
import type { Advice } from "./advice.ts";
import { draw } from "./draw.ts";
import type { Host } from "./host.ts";
import type { LibraryReport, PartReport, Report, Row } from "./report.ts";
import { count, type Styles, stylesOf, type Terminal, wrap } from "./terminal.ts";

/** What was asked for, beside the report. */
export interface Verdict {
  /** Names that were required. */
  readonly required: readonly string[];
  /** Of these, what is missing. */
  readonly missing: readonly string[];
  /** Secrets can be made, and nothing that is required is missing. */
  readonly ok: boolean;
}

/** The report in lines. */
export function textOf(report: Report, verdict: Verdict, terminal: Terminal): string[] {
  const styles = stylesOf(terminal);
  const print = adviser(terminal, styles);
  const lines = [
    styles.bold(`SecureMemory ${report.version}`) + ` on ${place(report)}`,
    "",
    ...summary(report, terminal, styles),
    ...print(report.secret.advice),
    "",
  ];
  const width = Math.max(...report.rows.map(({ name }) => name.length));
  for (const kind of ["store", "gate", "protection"] as const) {
    lines.push(styles.bold(HEADINGS[kind]));
    for (const row of report.rows.filter((one) => one.kind === kind)) {
      lines.push(...rowLines(row, width, terminal, styles), ...print(row.advice));
    }
    lines.push("");
  }
  lines.push(...libraries(report, terminal, print), ...numbers(report));
  if (report.picture !== null) lines.push("", ...draw(report.picture, terminal));
  else if (report.secret.made) {
    lines.push("", ...wrap(`There is no picture: ${report.pictureReason}`, terminal.columns));
  }
  if (verdict.required.length > 0) lines.push("", ...conclusion(verdict, styles));
  return lines;
}

const HEADINGS = {
  store: "Stores: where secrets are, best first",
  gate: "Gates: how they are opened and closed, best first",
  protection: "Other protections",
} as const;

const NAMES: Readonly<Record<string, string>> = {
  bun: "Bun",
  deno: "Deno",
  node: "Node",
  linux: "Linux",
  macos: "macOS",
  windows: "Windows",
};

const SURROUNDINGS: Readonly<Record<Host["surroundings"], string>> = {
  kubernetes: ", in a Kubernetes pod",
  docker: ", in a Docker container",
  container: ", in a container",
  systemd: ", in a systemd unit",
  unknown: "",
};

function place({ runtime, host }: Report): string {
  const name = (id: string) => NAMES[id] ?? id;
  const running = runtime === null
    ? "a runtime without FFI"
    : `${name(runtime.name)} ${runtime.version}`;
  const kernel = host.kernel === null ? "" : ` ${host.kernel}`;
  return `${running}, ${name(host.os)}${kernel} on ${host.arch}${SURROUNDINGS[host.surroundings]}`;
}

function summary({ secret, rows }: Report, { columns }: Terminal, styles: Styles): string[] {
  if (!secret.made) {
    return [styles.bad("No secret can be made here:"), ...wrap(secret.reason ?? "", columns, "  ")];
  }
  const used = (kind: Row["kind"]) => rows.find((row) => row.kind === kind && row.used)?.name;
  const [store, gate] = [used("store"), used("gate")];
  const rungs = gate === undefined
    ? "the system does not tell of which kind"
    : `store ${store ?? "unlocked"}, gate ${gate}`;
  return [styles.good(`Secrets can be made here: ${rungs}.`)];
}

function rowLines(row: Row, width: number, { columns }: Terminal, styles: Styles): string[] {
  const mark = row.available ? styles.good("yes") : styles.bad("no ");
  const name = row.name.padEnd(width);
  if (row.reason === null) {
    return [`  ${mark}  ${row.used ? `${name}  used` : name}`.trimEnd()];
  }
  const indent = " ".repeat(width + 9);
  const [first, ...rest] = wrap(row.reason, columns, indent);
  return [`  ${mark}  ${name}  ${first?.trimStart()}`, ...rest];
}

/** Prints each advice once: several rows may lack the same thing. */
function adviser(
  { columns }: Terminal,
  styles: Styles,
): (advice: readonly Advice[]) => string[] {
  const printed = new Set<string>();
  const print = (one: Advice): string[] => {
    printed.add(one.id);
    return [
      ...wrap(one.text, columns, "       -> ", "          "),
      ...one.commands.map((command) => `              ${command}`),
      ...wrap(`(${one.source})`, columns, "          ").map(styles.dim),
    ];
  };
  return (all) => {
    // Where no secret can be made, every row would say so.
    const advice = all.filter(({ id }) => id !== "secrets-first");
    const fresh = advice.filter(({ id }) => !printed.has(id));
    if (advice.length > 0 && fresh.length === 0) return ["       -> as above"];
    return fresh.flatMap(print);
  };
}

const bytes = (number: number) => `${count(number)} bytes`;

function libraries(
  { library, crypto, extra }: Report,
  { columns }: Terminal,
  print: (advice: readonly Advice[]) => string[],
): string[] {
  if (library === null) return [];
  const part = (name: string, needs: string, { library, reason, advice }: PartReport) => {
    if (library !== null) return libraryLines(name, library);
    const why = `not loaded, so there are no ${needs}: ${reason}`;
    return [...wrap(why, columns, name.padEnd(INDENT.length), INDENT), ...print(advice)];
  };
  return [
    ...libraryLines("Library", library),
    ...part("Crypto", "keyed operations", crypto),
    ...part("Extra", "pools, enclaves and secrets from outside", extra),
  ];
}

const INDENT = " ".repeat(13);

function libraryLines(name: string, library: LibraryReport): string[] {
  const size = library.bytes === null ? "" : `, ${bytes(library.bytes)}`;
  const path = `${name.padEnd(INDENT.length)}${library.path}${size}`;
  if (library.sha256 === null) return [path];
  const whose = library.verified ? "verified" : "not of this version";
  return [path, `${INDENT}sha256 ${library.sha256}, ${whose}`];
}

function numbers(report: Report): string[] {
  const { lock, hibernation, pageSize } = report;
  const lines: string[] = [];
  if (pageSize > 0) {
    const limit = lock.unlimited
      ? "no limit"
      : lock.limitBytes === null
      ? "limit unknown"
      : bytes(lock.limitBytes);
    const exceed = lock.mayExceed === true ? ", which this process may exceed (CAP_IPC_LOCK)" : "";
    lines.push(
      `Lock budget  ${limit}${exceed}; this library has locked ${count(lock.lockedBytes)}`,
    );
    lines.push(`Page size    ${bytes(pageSize)}`, `Hibernation  ${HIBERNATION[hibernation]}`);
  }
  return lines;
}

const HIBERNATION: Readonly<Record<Report["hibernation"], string>> = {
  unavailable: "not offered by this host, so secretmem takes nothing away",
  available: "offered by this host, and blocked as long as there is a secret on secretmem",
  blocked: "blocked by this process's secrets on secretmem",
  unknown: "nobody says whether this host offers it",
};

function conclusion({ required, missing, ok }: Verdict, styles: Styles): string[] {
  if (ok) return [styles.good(`All there: ${required.join(", ")}.`)];
  if (missing.length === 0) return [styles.bad("Nothing works here.")];
  return [styles.bad(`Required and missing: ${missing.join(", ")}.`)];
}
