/**
 * Finding statements in source text and putting them out of action, for Zig and for
 * TypeScript: both end a statement with a semicolon and nest with the same brackets.
 *
 * A mutant must compile, or it proves nothing. Zig refuses a parameter or a constant that
 * nobody uses, so nothing is cut out: a statement goes into a branch that is never taken,
 * an operand is made one that decides nothing. Every name in it stays in use.
 */

const OPEN = "([{";
const CLOSE = ")]}";
/** Statements that can end with a block instead of a semicolon. */
const BLOCK = /^(?:if|for|while|switch|try|do|errdefer|defer|inline|comptime)\b/;

/** Zig's names between bars, whose comma ends nothing. */
const CAPTURE = /\|\*?\w+(?:, \*?\w+)*\|/y;

/** The text with comments, strings and Zig's tests made blank; every offset stays. */
export function mask(text, language) {
  const blank = (from) => from.replaceAll(/[^\n]/g, " ");
  const hide = (from) => /^["'`]/.test(from) ? `"${blank(from.slice(1, -1))}"` : blank(from);
  const skipped = language === "zig"
    ? /\/\/[^\n]*|\\\\[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'/g
    : /\/\/[^\n]*|\/\*[^]*?\*\/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;
  const masked = text.replaceAll(skipped, hide);
  if (language !== "zig") return masked;
  let result = masked;
  // What is checked when the core is compiled cannot be left out of what runs.
  for (const { index, 0: head } of masked.matchAll(/^(?:test|comptime)\b[^{\n]*\{/gm)) {
    const end = closing(masked, index + head.length - 1) + 1;
    result = result.slice(0, index) + blank(result.slice(index, end)) + result.slice(end);
  }
  return result;
}

/** Where the bracket closes that opens at `at`. */
function closing(masked, at) {
  let depth = 0;
  for (let index = at; index < masked.length; index++) {
    if (OPEN.includes(masked[index])) depth += 1;
    if (CLOSE.includes(masked[index])) depth -= 1;
    if (depth === 0) return index;
  }
  throw new Error("A bracket is never closed");
}

/** Whether a statement can start at `at`: what stands before it ends one, or opens a block. */
export function startsStatement(masked, at, language) {
  const before = masked.slice(Math.max(0, at - 400), at);
  return language === "zig" ? /(?:[;{}]|=>)\s*$/.test(before) : /[;{}]\s*$/.test(before);
}

/** Where the statement ends that starts at `start`, its semicolon included. */
export function statementEnd(masked, start) {
  const block = BLOCK.test(masked.slice(start, start + 16));
  for (let index = start; index < masked.length; index++) {
    CAPTURE.lastIndex = index;
    index += CAPTURE.exec(masked)?.[0].length ?? 0;
    const sign = masked[index];
    if (sign === ";") return index + 1;
    if (sign === "," || CLOSE.includes(sign)) return index;
    if (!OPEN.includes(sign)) continue;
    index = closing(masked, index);
    if (!block || masked[index] !== "}") continue;
    const after = masked.slice(index + 1, index + 400).trimStart();
    if (!/^(?:else|catch|finally|while)\b|^[;,.)]/.test(after)) return index + 1;
  }
  throw new Error("A statement never ends");
}

/** The statement from `start` to `end`, where it is never reached. */
export function disable(text, start, end) {
  const statement = text.slice(start, end);
  const ended = /[;}]$/.test(statement) ? statement : `${statement};`;
  return `${text.slice(0, start)}{ if (false) { ${ended} } }${text.slice(end)}`;
}

/**
 * The operands of every chain of "and" or "or" between `start` and `end`: each with its
 * place and with what it has to be so that it decides nothing.
 */
export function operands(masked, start, end) {
  const found = [];
  const sign = /\|\||&&|\bor\b|\band\b/g;
  sign.lastIndex = start;
  for (
    let match = sign.exec(masked);
    match !== null && match.index < end;
    match = sign.exec(masked)
  ) {
    const left = leftOf(masked, match.index, start);
    const right = rightOf(masked, match.index + match[0].length, end);
    for (const { from, to } of [left, right]) {
      if (found.some((one) => one.from === from)) continue;
      found.push({ from, to, all: match[0] === "and" || match[0] === "&&" });
    }
  }
  return found;
}

/** Ends an operand: a sign of the same kind, of an assignment, or of another part of the statement. */
const EDGE = /\|\||&&|[;,?:]|=>|(?<![=!<>])=(?!=)/y;
const WORD = /\b(?:or|and|return|catch|orelse)\b/y;

function edgeAt(masked, at) {
  for (const edge of [EDGE, WORD]) {
    edge.lastIndex = at;
    const match = edge.exec(masked);
    if (match !== null) return match[0].length;
  }
  return 0;
}

function leftOf(masked, at, start) {
  let depth = 0;
  let index = at;
  for (; index > start; index--) {
    const before = masked[index - 1];
    if (CLOSE.includes(before)) depth += 1;
    if (OPEN.includes(before) && depth-- === 0) break;
    if (depth > 0) continue;
    // The edge that ends just here, if there is one.
    const length = [2, 3, 6, 1].find((size) => edgeAt(masked, index - size) === size);
    if (length !== undefined) break;
  }
  return trim(masked, index, at);
}

function rightOf(masked, at, end) {
  let index = at;
  for (; index < end; index++) {
    if (CLOSE.includes(masked[index]) || edgeAt(masked, index) > 0) break;
    if (OPEN.includes(masked[index])) index = closing(masked, index);
  }
  return trim(masked, at, index);
}

function trim(masked, from, to) {
  const part = masked.slice(from, to);
  return { from: from + part.length - part.trimStart().length, to: from + part.trimEnd().length };
}

/** The operand made one that decides nothing. */
export function neutralise(text, { from, to, all }, language) {
  const or = language === "zig" ? "or" : "||";
  const and = language === "zig" ? "and" : "&&";
  const operand = text.slice(from, to);
  const neutral = all ? `(true ${or} (${operand}))` : `(false ${and} (${operand}))`;
  return text.slice(0, from) + neutral + text.slice(to);
}
