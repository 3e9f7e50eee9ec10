/**
 * The tables of README.md that say what readers from outside find: written from the data
 * that the tests compare their measurements with.
 *
 * @module
 */
import { CALLS_OF_KERNEL, expected, type ReaderName, READERS, WRITERS } from "../expected.ts";
import { GATES, STORES } from "../../support/ladders.ts";
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
    const cells = STORES.flatMap((store) => {
      // At rest the gates are alike: the tests compare both with the same data.
      const outcomes = expected(name, store, "mprotect");
      return OPEN_STAGES.map((stage) => word(outcomes[stage]));
    });
    return [[READERS[name].title, ...cells, testOf(name)], ...recently(name)];
  });
  const stages = STORES.flatMap((store) => OPEN_STAGES.map((stage) => heading(store, stage)));
  return markdown([["reader", ...stages, "tested by"], ...rows]);
}

/** What is left of a window for a moment is a row of its own, where there is such a thing. */
function recently(name: ReaderName): string[][] {
  return GATES.filter((gate) => STORES.some((store) => expected(name, store, gate).recent))
    .map((gate) => {
      const cells = STORES.flatMap((store) => {
        const { recent } = expected(name, store, gate);
        return OPEN_STAGES.map((stage) => stage === "after" && recent ? word(recent) : "");
      });
      return [`... within \`idleTimeout\` of a window, gate \`${gate}\``, ...cells, testOf(name)];
    });
}

function testOf(name: ReaderName): string {
  return `\`proof/${READERS[name].test}\``;
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
    const cells = STORES.map((store) => reach(WRITERS[name].outcomes[store]));
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
