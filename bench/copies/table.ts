/**
 * The table of copies in docs/faq.md, between marks of its own.
 *
 * @module
 */
import { type Operation, OPERATIONS, TIMES } from "./operations.ts";
import { type Copies, type Use, USES, type Way, WAYS } from "./ways.ts";

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

/** The document with its tables written anew; throws where it has no marks. */
export function withTables(document: string, copies: Copies): string {
  const [from, end] = [document.indexOf(BEGIN), document.indexOf(END)];
  if (from === -1 || end < from) throw new Error("The document has no marks for the copies");
  return document.slice(0, from) + tables(copies) + document.slice(end + END.length);
}
