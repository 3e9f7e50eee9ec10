/** The table of what became of each mutant. */
import { equivalent } from "./equivalent.mjs";

const shorten = (text, length) => text.length > length ? `${text.slice(0, length - 1)}…` : text;
const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ");

const isOf = (entry, { file, part, nth }) =>
  entry.file === file && entry.part === part && (entry.nth === undefined || entry.nth === nth);

/**
 * `mutants` are those to report, `results` what is known of them, `known` all there are.
 * Good if none survived without a reason, and no reason is out of date.
 */
export function report(mutants, results, known) {
  const rows = [];
  const counts = new Map();
  const wrong = equivalent.filter((entry) => !known.some((mutant) => isOf(entry, mutant)))
    .map(({ file, part }) => `There is no such line any more: ${file}, ${part}`);
  for (const mutant of mutants) {
    const { outcome, by, accidents = [] } = results.get(mutant.id) ??
      { outcome: "not run", by: "" };
    const entry = equivalent.find((one) => isOf(one, mutant));
    const where = `${mutant.file}:${mutant.line}`;
    if (entry !== undefined && outcome === "caught") {
      wrong.push(`Called equivalent, but caught: ${where}, ${mutant.part}`);
    }
    const excused = entry !== undefined && outcome === "survived";
    const kind = excused ? "equivalent" : outcome;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
    const said = excused ? entry.reason : by.split("\n")[0];
    const verdict = kind === "caught"
      ? said
      : kind === "survived"
      ? "**SURVIVED**"
      : `${kind}: ${said}`;
    const doubtful = accidents.length === 0 ? "" : ` (by accident first: ${accidents.join(", ")})`;
    rows.push(
      `| ${mutant.what} | ${where} | \`${cell(shorten(mutant.part, 90))}\` | ${
        cell(verdict + doubtful)
      } |`,
    );
  }
  const total = [...counts].map(([kind, count]) => `${count} ${kind}`).join(", ");
  const closing = `${mutants.length} mutants: ${total}`;
  const text = [
    "| kind | where | what was put out of action | caught by |",
    "|---|---|---|---|",
    ...rows,
    "",
    ...wrong.map((line) => `${line}\n`),
    closing,
    "",
  ].join("\n");
  const good = wrong.length === 0 && !counts.has("survived") && !counts.has("not run");
  return { text, good };
}
