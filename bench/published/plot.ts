/**
 * The plot of the benchmarks beside the peers, as an SVG that stands alone: no script, no font
 * and no picture from elsewhere, its own background, colours for light and for dark.
 *
 * Three panels, each with a linear axis that starts at 0, so that lengths of bars can be
 * compared. What is drawn is laid out first, as data, so that a test can check it.
 *
 * @module
 */
import { type Figures, RUNTIMES, type Subject } from "./figures.ts";
import { rowOf, time, titleOf, whereOf } from "./format.ts";

/** One bar. */
export interface Bar {
  readonly label: string;
  readonly ns: number;
  readonly ours: boolean;
  /** What the bare pair of mprotect calls took in the same process. */
  readonly floorNs?: number | undefined;
  /** The first bar of a group stands a little apart. */
  readonly first: boolean;
}

/** One panel: bars of one unit, on one axis. */
export interface Panel {
  readonly title: string;
  readonly note: string;
  readonly unit: "ns" | "µs";
  /** Distance of the lines of the axis, in nanoseconds. */
  readonly stepNs: number;
  readonly bars: readonly Bar[];
}

const WIDTH = 760;
const MARGIN = 28;
const BAR_LEFT = 234;
const BAR_WIDTH_MAX = 428;
const BAR_HEIGHT = 15;
const ROW = 22;
const GROUP_GAP = 7;
const HEADING = 52;
const AXIS = 26;

/** An upper bound of how wide a character of the fonts below is, in parts of their size. */
export const CHARACTER_WIDTH = 0.62;

/** What the panels show. */
export function panelsOf(figures: Figures): Panel[] {
  return [
    {
      title: "One window on a secret that was closed",
      note: "The mark on a bar: two bare mprotect calls, looped natively in the same process.",
      unit: "µs",
      stepNs: 500,
      bars: [
        ...perRuntime(figures, "SecureMemory", "cold window", true),
        ...perRuntime(figures, "sodium-native", "sodium-native cold window", true),
        peer(figures, "Asherah (Go)", "Asherah cold window", true, true),
      ],
    },
    {
      title: "A window inside an open one",
      note: "sodium-native and memguard do not count windows.",
      unit: "ns",
      stepNs: 10,
      bars: [
        ...perRuntime(figures, "SecureMemory", "nested window", false),
        peer(figures, "Asherah (Go)", "Asherah nested window", false, true),
      ],
    },
    {
      title: "Create a secret from 32 bytes, and close it",
      note: "Ours comes from pages that are locked already; the others map and lock each time.",
      unit: "µs",
      stepNs: 10_000,
      bars: [
        ...perRuntime(figures, "SecureMemory", "create and close", false),
        ...perRuntime(figures, "sodium-native", "sodium-native create and close", false),
        peer(figures, "Asherah (Go)", "Asherah create and close", false, true),
        peer(figures, "memguard (Go)", "memguard create and close", false, false),
      ],
    },
  ];
}

function perRuntime(figures: Figures, who: string, name: string, floor: boolean): Bar[] {
  return RUNTIMES.map((runtime, index) => {
    const subject = figures.runtimes[runtime];
    return {
      label: `${who}, ${titleOf(runtime, subject)}`,
      ns: rowOf(subject, name).p50,
      ours: who === "SecureMemory",
      floorNs: floorOf(subject, floor),
      first: index === 0,
    };
  });
}

function peer(figures: Figures, label: string, name: string, floor: boolean, first: boolean): Bar {
  const { peers } = figures;
  return {
    label,
    ns: rowOf(peers, name).p50,
    ours: false,
    floorNs: floorOf(peers, floor),
    first,
  };
}

function floorOf(subject: Subject, wanted: boolean): number | undefined {
  return wanted ? rowOf(subject, "floor").p50 : undefined;
}

/** Something that is drawn; its place is that of SVG: for a text, where its line begins or ends. */
export type Shape =
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly size: number }
    & { readonly anchor: "start" | "middle" | "end"; readonly style: string; readonly text: string }
  | { readonly kind: "rect"; readonly x: number; readonly y: number; readonly width: number }
    & { readonly height: number; readonly style: string };

/** Everything in its place, and how high it is. */
export function layOut(figures: Figures): { shapes: Shape[]; height: number } {
  const shapes: Shape[] = [];
  text(shapes, MARGIN, 40, 19, "title", "SecureMemory beside its peers");
  text(
    shapes,
    MARGIN,
    61,
    12.5,
    "note",
    "32-byte secrets. Medians; shorter is better. Linear axes from 0.",
  );
  let y = 84;
  for (const panel of panelsOf(figures)) y = layOutPanel(shapes, panel, y);
  text(shapes, MARGIN, y + 10, 11.5, "note", `${whereOf(figures)}. Figures: docs/benchmarks.json`);
  return { shapes, height: y + 30 };
}

function layOutPanel(shapes: Shape[], panel: Panel, top: number): number {
  const { bars, stepNs, unit } = panel;
  text(shapes, MARGIN, top + 18, 14.5, "heading", panel.title);
  text(shapes, MARGIN, top + 36, 12, "note", panel.note);
  const longest = Math.max(...bars.map(({ ns }) => ns));
  const steps = Math.ceil(longest / stepNs);
  const scale = BAR_WIDTH_MAX / (steps * stepNs);
  const rowsTop = top + HEADING;
  const gaps = bars.filter(({ first }, index) => first && index > 0).length;
  const rowsHeight = bars.length * ROW + gaps * GROUP_GAP;
  for (let step = 0; step <= steps; step++) {
    const x = BAR_LEFT + step * stepNs * scale;
    shapes.push({ kind: "rect", x, y: rowsTop, width: 1, height: rowsHeight, style: "line" });
    const label = `${step * stepNs / (unit === "µs" ? 1000 : 1)}`;
    const last = step === steps ? ` ${unit}` : "";
    text(shapes, x, rowsTop + rowsHeight + 15, 11, "tick", label + last, "middle");
  }
  let y = rowsTop;
  for (const [index, bar] of bars.entries()) {
    if (bar.first && index > 0) y += GROUP_GAP;
    layOutBar(shapes, bar, y, scale);
    y += ROW;
  }
  return y + AXIS + 18;
}

function layOutBar(shapes: Shape[], bar: Bar, top: number, scale: number): void {
  const width = bar.ns * scale;
  const y = top + (ROW - BAR_HEIGHT) / 2;
  const baseline = top + ROW / 2 + 4;
  const style = bar.ours ? "ours" : "peer";
  text(shapes, BAR_LEFT - 10, baseline, 12, bar.ours ? "name ours-name" : "name", bar.label, "end");
  shapes.push({ kind: "rect", x: BAR_LEFT, y, width, height: BAR_HEIGHT, style });
  if (bar.floorNs !== undefined) {
    const x = BAR_LEFT + bar.floorNs * scale - 1;
    shapes.push({ kind: "rect", x, y: y - 2, width: 2, height: BAR_HEIGHT + 4, style: "floor" });
  }
  text(shapes, BAR_LEFT + width + 7, baseline, 12, "value", time(bar.ns));
}

function text(
  shapes: Shape[],
  x: number,
  y: number,
  size: number,
  style: string,
  content: string,
  anchor: "start" | "middle" | "end" = "start",
): void {
  shapes.push({ kind: "text", x, y, size, style, text: content, anchor });
}

/** What a screen reader says instead of the picture: all of its figures. */
export function description(figures: Figures): string {
  return panelsOf(figures)
    .map(({ title, bars }) =>
      `${title}: ${bars.map(({ label, ns }) => `${label} ${time(ns)}`).join("; ")}.`
    )
    .join(" ");
}

/** Text and bars keep 4.5 to 1, and 3 to 1, to the background that the picture brings along. */
export const COLOURS = {
  light: {
    background: "#ffffff",
    border: "#d1d9e0",
    text: "#1f2328",
    note: "#59636e",
    line: "#e3e7eb",
    ours: "#0a5dc2",
    peer: "#87919c",
    floor: "#1f2328",
  },
  dark: {
    background: "#0d1117",
    border: "#3d444d",
    text: "#f0f6fc",
    note: "#9198a1",
    line: "#262c34",
    ours: "#58a6ff",
    peer: "#6b747e",
    floor: "#f0f6fc",
  },
} as const;

function styleSheet(): string {
  const { light, dark } = COLOURS;
  const rules = (of: Readonly<Record<keyof typeof light, string>>): string =>
    [
      `.background{fill:${of.background};stroke:${of.border}}`,
      `text{fill:${of.text}}`,
      `.note,.tick{fill:${of.note}}`,
      // A line of the axis ends where a figure stands.
      `.value{stroke:${of.background};stroke-width:4;paint-order:stroke}`,
      `.line{fill:${of.line}}`,
      `.ours{fill:${of.ours}}`,
      `.peer{fill:${of.peer}}`,
      `.floor{fill:${of.floor}}`,
    ].join("");
  return [
    'text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif}',
    ".title,.heading,.ours-name{font-weight:600}",
    rules(light),
    `@media (prefers-color-scheme:dark){${rules(dark)}}`,
  ].join("\n");
}

/** The file. */
export function plot(figures: Figures): string {
  const { shapes, height } = layOut(figures);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${place(height)}" ` +
    `width="${WIDTH}" height="${place(height)}" role="img" aria-labelledby="title desc">`,
    `<title id="title">SecureMemory beside its peers: what windows and secrets cost</title>`,
    `<desc id="desc">${escape(description(figures))}</desc>`,
    `<style>\n${styleSheet()}\n</style>`,
    `<rect class="background" x="0.5" y="0.5" width="${WIDTH - 1}" height="${
      place(height - 1)
    }" rx="8"/>`,
    ...shapes.map(element),
    "</svg>",
    "",
  ].join("\n");
}

function element(shape: Shape): string {
  const at = `class="${shape.style}" x="${place(shape.x)}" y="${place(shape.y)}"`;
  if (shape.kind === "rect") {
    return `<rect ${at} width="${place(shape.width)}" height="${place(shape.height)}"/>`;
  }
  const anchor = shape.anchor === "start" ? "" : ` text-anchor="${shape.anchor}"`;
  return `<text ${at} font-size="${shape.size}"${anchor}>${escape(shape.text)}</text>`;
}

function place(value: number): string {
  return `${Number(value.toFixed(2))}`;
}

function escape(content: string): string {
  return content.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}
