/**
 * The tables of README.md that say what readers from outside find: written from the data
 * that the tests compare their measurements with.
 *
 * @module
 */
import {
  CALLS_OF_KERNEL,
  expected,
  expectedWritten,
  type Reader,
  type ReaderName,
  READERS,
  WRITERS,
} from "../expected.ts";
import { type Gate, GATES, STORES } from "./ladders.ts";
import { type Stage, STAGES } from "./plan.ts";

/** Where the tables begin and end in README.md. */
export const BEGIN = "<!-- Written by `npm run readme` from tests/proof/expected.ts: -->";
export const END = "<!-- Up to here. -->";

const OPEN_STAGES = STAGES.filter((stage) => stage !== "closed");

/** Both tables, with the marks around them. */
export function tables(): string {
  return [BEGIN, readers(), "", others(), END].join("\n");
}

/** README's text with the tables written anew; throws where it has no marks. */
export function withTables(readme: string): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from === -1 || to < from) throw new Error("README.md has no marks for the tables");
  return readme.slice(0, from) + tables() + readme.slice(to + END.length);
}

function readers(): string {
  const rows = (Object.keys(READERS) as ReaderName[]).flatMap((name) => {
    const reader: Reader = READERS[name];
    const test = `\`proof/${reader.test}\``;
    return gatesOf(reader).map(({ title, gate }) => {
      const cells = STORES.flatMap((store) => {
        const outcomes = expected(name, store, gate);
        return OPEN_STAGES.map((stage) => word(outcomes[stage]));
      });
      return [title, ...cells, test];
    });
  });
  const stages = STORES.flatMap((store) => OPEN_STAGES.map((stage) => heading(store, stage)));
  return markdown([["reader", ...stages, "tested by"], ...rows]);
}

/** One row, or one for each gate where that makes a difference. */
function gatesOf({ title, outcomes }: Reader): { title: string; gate: Gate }[] {
  const differs = Object.values(outcomes).some((one) => GATES.some((gate) => gate in one));
  if (!differs) return [{ title, gate: GATES[0] }];
  return GATES.map((gate) => ({ title: `${title}, gate \`${gate}\``, gate }));
}

function heading(store: string, stage: Stage): string {
  return stage === "before" ? `\`${store}\`: before` : stage;
}

function word(outcome: string): string {
  if (outcome === "absent") return "-";
  return outcome === "found" ? "**found**" : `- (${outcome})`;
}

function others(): string {
  const calls = Object.values(CALLS_OF_KERNEL).map(({ title, read, write }) => {
    const cells = STORES.map((store) =>
      read[store] === write[store] ? reach(read[store]) : `only in \`update\``
    );
    return [`${title}, in a window`, ...cells, "`proof/kernel_test`"];
  });
  const writers = (Object.keys(WRITERS) as (keyof typeof WRITERS)[]).map((name) => {
    const cells = STORES.map((store) => {
      const [first, second] = GATES.map((gate) => expectedWritten(name, store, gate));
      return first === second
        ? reach(first as string)
        : GATES.map((gate) => `\`${gate}\`: ${reach(expectedWritten(name, store, gate))}`).join(
          ", ",
        );
    });
    return [`writing by ${WRITERS[name].title}`, ...cells, "`proof/writers_test`"];
  });
  const children = ["a forked child", "zeros", "nothing", "`proof/children_test`"];
  const heads = [
    "what reaches for the page",
    ...STORES.map((store) => `\`${store}\``),
    "tested by",
  ];
  return markdown([heads, ...calls, ...writers, children]);
}

function reach(outcome: string): string {
  if (outcome === "the bytes") return "gets it";
  return outcome === "changed" ? "changes it" : `refused (${outcome})`;
}

function markdown([head, ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head as string[]), line((head as string[]).map(() => "---")), ...rows.map(line)]
    .join("\n");
}
