/** The mutants: every line that carries a claim, put out of action one at a time. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { disable, mask, neutralise, operands, startsStatement, statementEnd } from "./source.mjs";
import { claims } from "./claims.mjs";

/** Mutants of one file, in the order of its lines. Each place is mutated in one way only. */
function mutantsOf(file, text) {
  const language = file.endsWith(".zig") ? "zig" : "ts";
  const masked = mask(text, language);
  const found = new Map();
  const add = (what, from, to, mutated) => {
    const key = `${from}-${to}`;
    if (!found.has(key)) found.set(key, { what, file, from, to, mutated });
  };
  for (const claim of claims) {
    if (!claim.files.test(file)) continue;
    for (
      const match of masked.matchAll(
        new RegExp(claim.statement ?? claim.operands ?? claim.text, "g"),
      )
    ) {
      const start = match.index;
      if (claim.text !== undefined) {
        const end = start + match[0].length;
        const by = claim.by.replaceAll("$&", text.slice(start, end));
        add(claim.what, start, end, text.slice(0, start) + by + text.slice(end));
        continue;
      }
      if (!startsStatement(masked, start, language)) continue;
      const end = statementEnd(masked, start);
      if (claim.ends !== undefined && !masked.slice(start, end).endsWith(claim.ends)) continue;
      if (claim.statement !== undefined) add(claim.what, start, end, disable(text, start, end));
      for (const place of claim.operands === undefined ? [] : operands(masked, start, end)) {
        add(
          `${claim.what}, one of several`,
          place.from,
          place.to,
          neutralise(text, place, language),
        );
      }
    }
  }
  const all = [...found.values()];
  return all.filter(({ from, to }) => !isWholeBlock(masked, from, to, all))
    .sort((one, other) => one.from - other.from || other.to - one.to);
}

/** Whether a statement is all there is in a block that another mutant puts out of action. */
function isWholeBlock(masked, from, to, all) {
  if (!/\) \{\s*$/.test(masked.slice(Math.max(0, from - 400), from))) return false;
  const after = /^\s*\}/.exec(masked.slice(to));
  return after !== null && all.some((one) => one.from < from && one.to === to + after[0].length);
}

/** All mutants of the files of a checkout. A mutant's name stays when lines move. */
export function listMutants(root, files) {
  const all = [];
  for (const file of files) {
    const text = readFileSync(root + file, "utf8");
    const seen = new Map();
    for (const { what, from, to, mutated } of mutantsOf(file, text)) {
      const part = text.slice(from, to).replaceAll(/\s+/g, " ");
      const nth = (seen.get(part) ?? 0) + 1;
      seen.set(part, nth);
      const id = createHash("sha256").update(`${file}\0${part}\0${nth}`).digest("hex").slice(0, 12);
      const line = text.slice(0, from).split("\n").length;
      all.push({ id, what, file, line, part, nth, mutated });
    }
  }
  return all;
}
