/**
 * The tables of copies in docs/faq.md and in README.md, between marks of their own.
 *
 * @module
 */
import { type Arrival, ARRIVALS } from "./arrivals.ts";
import { type Operation, OPERATIONS, TIMES } from "./operations.ts";
import { type Copies, type Counts, type Use, USES, type Way, WAYS } from "./ways.ts";

export const BEGIN = "<!-- Written by `npm run copies` from docs/copies.json: -->";
export const END = "<!-- Up to here, by `npm run copies`. -->";

const RUNTIMES = { bun: "Bun", deno: "Deno", node: "Node" } as const;
type RuntimeName = keyof typeof RUNTIMES;
const NAMES = Object.keys(RUNTIMES) as RuntimeName[];

/** One table for each use, with the counts while the key was kept and after. */
export function tables(copies: Copies): string {
  const parts = (Object.keys(USES) as Use[]).flatMap((use) => ["", table(copies, use)]);
  const all = [...parts, "", usedTable(copies)];
  return [BEGIN, `${copies.system}; ${copies.date}.`, ...all, END].join("\n");
}

/** One row for each way of using a key that is kept in a secret. */
function usedTable({ runtimes }: Copies): string {
  const rows = (Object.keys(OPERATIONS) as Operation[]).map((operation) => {
    const cells = NAMES.flatMap((name) => {
      const { kept, after } = runtimes[name].used[operation];
      return [`${kept}`, `**${after}**`];
    });
    return line([OPERATIONS[operation], ...cells]);
  });
  const what = `key in a \`Secret\` by \`fill\`, used ${TIMES.toLocaleString("en")} times by`;
  return [line([what, ...head(runtimes)]), RULE, ...rows].join("\n");
}

const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
const RULE = line(["---", ...NAMES.flatMap(() => ["---:", "---:"])]);

function head(runtimes: Copies["runtimes"]): string[] {
  return NAMES.flatMap((name) => [`${RUNTIMES[name]} ${runtimes[name].version}: kept`, "after"]);
}

function table({ runtimes }: Copies, use: Use): string {
  const rows = (Object.keys(WAYS) as Way[]).map((way) => {
    const cells = NAMES.flatMap((name) => {
      const { kept, after } = runtimes[name].counts[use][way];
      return [`${kept}`, `**${after}**`];
    });
    return line([WAYS[way], ...cells]);
  });
  return [
    line([`key, ${USES[use]}`, ...head(runtimes)]),
    RULE,
    ...rows,
  ].join("\n");
}

/** The short form: every way in, and every way of using a key; neighbours that are alike in one row. */
export function summary(copies: Copies): string {
  const { runtimes } = copies;
  const came = grouped(
    (Object.keys(ARRIVALS) as Arrival[]).map((arrival) => [
      ARRIVALS[arrival],
      NAMES.map((name) => runtimes[name].came[arrival]),
    ]),
  );
  const used = grouped(
    (Object.keys(OPERATIONS) as Operation[]).map((operation) => [
      OPERATIONS[operation],
      NAMES.map((name) => runtimes[name].used[operation]),
    ]),
  );
  const times = TIMES.toLocaleString("en");
  return [
    BEGIN,
    line(["the key came by", ...head(runtimes)]),
    RULE,
    ...came,
    "",
    line([`the key was used ${times} times by`, ...head(runtimes)]),
    RULE,
    ...used,
    END,
  ].join("\n");
}

function grouped(rows: readonly (readonly [string, readonly Counts[]])[]): string[] {
  const groups: { names: string[]; cells: string }[] = [];
  for (const [name, counts] of rows) {
    const cells = line(counts.flatMap(({ kept, after }) => [`${kept}`, `**${after}**`]));
    const last = groups.at(-1);
    if (last?.cells === cells) last.names.push(name);
    else groups.push({ names: [name], cells });
  }
  return groups.map(({ names, cells }) => `| ${names.join(", ")} ${cells}`);
}

/** A document with its tables written anew; throws where it has no marks. */
export function withTables(
  document: string,
  copies: Copies,
  write: (copies: Copies) => string = tables,
): string {
  const [from, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from === -1 || end < from) throw new Error("The document has no marks for the copies");
  return document.slice(0, from) + write(copies) + document.slice(end + END.length);
}
