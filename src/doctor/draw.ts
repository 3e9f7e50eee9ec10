/**
 * Draws the pages of a secret: guard, canary, payload, guard, and what the kernel lets be done
 * with each at each moment.
 *
 * @module
 */
import type { Picture, PictureMoment, PicturePages } from "./picture.ts";
import { FLAGS } from "./smaps.ts";
import { count, type Styles, stylesOf, type Terminal, wrap } from "./terminal.ts";

/** What boxes are made of. */
interface Pen {
  readonly across: string;
  readonly down: string;
  /** Left end, joint with a line up and down, with one up, with one down, right end. */
  readonly top: readonly [left: string, joint: string, right: string];
  readonly middle: readonly [left: string, joint: string, up: string, right: string];
  readonly bottom: readonly [left: string, joint: string, right: string];
}

const ASCII: Pen = {
  across: "-",
  down: "|",
  top: ["+", "+", "+"],
  middle: ["+", "+", "+", "+"],
  bottom: ["+", "+", "+"],
};

const BOXES: Pen = {
  across: "─",
  down: "│",
  top: ["┌", "┬", "┐"],
  middle: ["├", "┼", "┴", "┤"],
  bottom: ["└", "┴", "┘"],
};

/** The picture, in lines. */
export function draw(picture: Picture, terminal: Terminal): string[] {
  const styles = stylesOf(terminal);
  const { source, reason, status } = picture;
  const where = source === "smaps" ? "as /proc/self/smaps has them" : "as status() has them";
  const lines = [
    styles.bold(
      `The pages of a secret of ${picture.length} bytes, ${where} ` +
        `(store ${status.store}, gate ${status.gate})`,
    ),
    "",
    ...box(picture, terminal.unicode ? BOXES : ASCII, styles),
    "",
  ];
  if (reason !== null) lines.push(...wrap(reason, terminal.columns, "  "), "");
  lines.push(...(source === "smaps" ? flagLines(picture) : statusLines(status)));
  return lines;
}

function box({ parts, moments }: Picture, pen: Pen, styles: Styles): string[] {
  const widths = parts.map(({ name, bytes }) => Math.max(name.length, sizeText(bytes).length) + 2);
  const [first, ...others] = widths as [number, ...number[]];
  const last = others.pop() ?? first;
  // The cells of the secret's own pages are one below the headings.
  const inner = others.reduce((sum, width) => sum + width + 1, -1);
  const run = (width: number) => pen.across.repeat(width);
  const row = (cells: readonly string[]) => `  ${pen.down}${cells.join(pen.down)}${pen.down}`;
  const [left, joint, up, right] = pen.middle;
  const [lowLeft, lowJoint, lowRight] = pen.bottom;
  const middle = others.map(run).join(up);
  return [
    `  ${pen.top[0]}${widths.map(run).join(pen.top[1])}${pen.top[2]}`,
    row(parts.map(({ name }, index) => styles.bold(centre(name, widths[index] ?? 0)))),
    row(parts.map(({ bytes }, index) => centre(sizeText(bytes), widths[index] ?? 0))),
    `  ${left}${run(first)}${joint}${middle}${joint}${run(last)}${right}`,
    ...moments.map((moment) =>
      `${
        row([
          cell(moment.before, first, styles),
          cell(moment.pages, inner, styles),
          cell(moment.behind, last, styles),
        ])
      }  ${labelOf(moment)}`
    ),
    `  ${lowLeft}${run(first)}${lowJoint}${run(inner)}${lowJoint}${run(last)}${lowRight}`,
  ];
}

function cell({ permissions, key }: PicturePages, width: number, styles: Styles): string {
  const text = centre(key === null ? permissions : `${permissions} key ${key}`, width);
  // With a key the page table says less than the rights of a thread: no colour for it.
  if (key !== null) return text;
  return permissions === "---" ? styles.good(text) : styles.open(text);
}

/** With a key the rights of the thread are what counts. */
function labelOf({ name, pages, thisThread }: PictureMoment): string {
  return pages.key === null ? name : `${name} (rights of this thread: ${thisThread})`;
}

function sizeText(bytes: number): string {
  return `${count(bytes)} bytes`;
}

function centre(text: string, width: number): string {
  const before = Math.floor((width - text.length) / 2);
  return " ".repeat(Math.max(before, 0)) + text +
    " ".repeat(Math.max(width - text.length - before, 0));
}

/** Those that carry a promise of this library come first. */
const PROMISES: readonly string[] = ["lo", "dd", "wf", "dc", "nh", "sl"];

function flagLines({ moments }: Picture): string[] {
  const [rest] = moments as readonly [PictureMoment, ...PictureMoment[]];
  const pages = new Set(rest.pages.flags);
  const guards = new Set([...rest.before.flags, ...rest.behind.flags]);
  const all = new Set([...PROMISES, ...pages, ...guards]);
  const shown = [...all].filter((flag) => pages.has(flag) || guards.has(flag));
  const keys = [...new Set(moments.map((moment) => moment.pages.key))].filter((key) =>
    key !== null
  );
  return [
    `  VmFlags at rest:  pages ${rest.pages.flags.join(" ")}`,
    `                    guards ${[...guards].join(" ")}`,
    ...(keys.length === 0 ? [] : [`  ProtectionKey while in use: ${keys.join(", ")}`]),
    ...shown.map((flag) => {
      const of = [pages.has(flag) ? "pages" : "     ", guards.has(flag) ? "guards" : "      "];
      return `    ${flag}  ${of.join(" ")}  ${FLAGS[flag] ?? "not known to this version"}`;
    }),
  ];
}

function statusLines(status: Picture["status"]): string[] {
  const said: readonly (readonly [boolean, string, string])[] = [
    [status.locked, "locked: never swapped out", "not locked: may be swapped out"],
    [status.excludedFromDumps, "left out of core dumps", "in core dumps"],
    [status.fork !== "copied", `${status.fork} in a forked child`, "copied into a forked child"],
    [status.guarded, "guarded on both sides", "not guarded"],
    [status.guardsSealed, "guards are sealed", "guards are not sealed"],
    [status.noHugePages, "never part of a huge page", "may become part of a huge page"],
    [status.unmergeable, "never merged with equal pages", "may be merged with equal pages"],
  ];
  return said.map(([holds, yes, no]) => `    ${holds ? yes : no}`);
}
