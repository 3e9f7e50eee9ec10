/**
 * Where the command writes to, and how: colours and lines of boxes on a terminal only.
 *
 * @module
 */
import { variable } from "./host.ts";

/** Where the command writes to. */
export interface Terminal {
  /** Writes lines to standard output. */
  out(text: string): void;
  /** Writes lines to standard error. */
  error(text: string): void;
  /** Whether standard output takes colours: it is a terminal, and NO_COLOR is not set. */
  readonly colors: boolean;
  /** Whether boxes may be drawn with letters beyond ASCII. */
  readonly unicode: boolean;
  /** How many letters fit on a line. */
  readonly columns: number;
}

interface Globals {
  readonly process?: { readonly stdout?: { readonly isTTY?: boolean; readonly columns?: number } };
  /** Deno tells this without a permission. */
  readonly Deno?: { readonly noColor?: boolean };
}

/** The one that the process was started with. */
export function standardTerminal(): Terminal {
  const { process, Deno } = globalThis as Globals;
  const isTerminal = process?.stdout?.isTTY === true;
  // https://no-color.org: set, and not to nothing.
  const plain = (variable("NO_COLOR") ?? "") !== "" || Deno?.noColor === true ||
    variable("TERM") === "dumb";
  return {
    out: (text) => console.log(text),
    error: (text) => console.error(text),
    colors: isTerminal && !plain,
    unicode: isTerminal && !plain && isUtf8(),
    columns: Math.min(Math.max(isTerminal ? process?.stdout?.columns ?? 80 : 80, 60), 100),
  };
}

/** The first of the three that is set decides: locale(7). */
function isUtf8(): boolean {
  const locale = ["LC_ALL", "LC_CTYPE", "LANG"].map(variable).find((value) => value);
  return /utf-?8/i.test(locale ?? "");
}

/** How a piece of text is to look. */
export type Style = (text: string) => string;

/** Styles for a terminal; without colours they do nothing. */
export interface Styles {
  readonly bold: Style;
  readonly dim: Style;
  readonly good: Style;
  readonly bad: Style;
  readonly open: Style;
}

/** SGR parameters of ECMA-48. */
export function stylesOf({ colors }: Pick<Terminal, "colors">): Styles {
  const style = (on: number, off: number): Style => (text) =>
    colors ? `\x1b[${on}m${text}\x1b[${off}m` : text;
  return {
    bold: style(1, 22),
    dim: style(2, 22),
    good: style(32, 39),
    bad: style(31, 39),
    open: style(33, 39),
  };
}

/** Breaks text into lines of words. The first line starts with `first`, the others with `rest`. */
export function wrap(text: string, columns: number, first = "", rest = first): string[] {
  const lines: string[] = [];
  let line = first;
  for (const word of text.split(" ")) {
    const started = line.trimEnd() !== (lines.length === 0 ? first : rest).trimEnd();
    if (started && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = rest + word;
    } else {
      line += started ? ` ${word}` : word;
    }
  }
  return [...lines, line];
}

/** 12,345, whatever the language is here. */
export function count(number: number): string {
  return String(number).replace(/\B(?=(\d{3})+$)/g, ",");
}
