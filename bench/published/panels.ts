/**
 * Panels of bars, each with a linear axis that starts at 0, so that lengths of bars can be compared.
 *
 * @module
 */
import { type Figures, RUNTIMES, type Subject } from "./figures.ts";
import { rowOf, time, titleOf } from "./format.ts";
import { MARGIN, type Shape, text } from "./svg.ts";

/** One bar. */
export interface Bar {
  readonly label: string;
  /** Nanoseconds, or secrets. */
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
  readonly unit: "ns" | "µs" | "secrets";
  /** Distance of the lines of the axis, in nanoseconds, or secrets. */
  readonly stepNs: number;
  readonly bars: readonly Bar[];
}

const BAR_LEFT = 234;
const BAR_WIDTH_MAX = 428;
const BAR_HEIGHT = 15;
const ROW = 22;
const GROUP_GAP = 7;
const HEADING = 52;
const AXIS = 26;

/** A bar for each runtime. */
export function perRuntime(figures: Figures, who: string, name: string, floor: boolean): Bar[] {
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

/** A bar of a peer in Go. */
export function peer(
  figures: Figures,
  label: string,
  name: string,
  floor: boolean,
  first: boolean,
): Bar {
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

/** Adds a panel below `top`. Returns where the next one may begin. */
export function layOutPanel(shapes: Shape[], panel: Panel, top: number): number {
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
    const label = (step * stepNs / (unit === "µs" ? 1000 : 1)).toLocaleString("en-US");
    const last = step === steps ? ` ${unit}` : "";
    text(shapes, x, rowsTop + rowsHeight + 15, 11, "tick", label + last, "middle");
  }
  let y = rowsTop;
  for (const [index, bar] of bars.entries()) {
    if (bar.first && index > 0) y += GROUP_GAP;
    layOutBar(shapes, bar, unit, y, scale);
    y += ROW;
  }
  return y + AXIS + 18;
}

function layOutBar(
  shapes: Shape[],
  bar: Bar,
  unit: Panel["unit"],
  top: number,
  scale: number,
): void {
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
  text(shapes, BAR_LEFT + width + 7, baseline, 12, "value", valueOf(bar, unit));
}

function valueOf({ ns }: Bar, unit: Panel["unit"]): string {
  return unit === "secrets" ? ns.toLocaleString("en-US") : time(ns);
}

/** All figures of panels, in words. */
export function descriptionOf(panels: readonly Panel[]): string {
  return panels
    .map(({ title, unit, bars }) =>
      `${title}: ${bars.map((bar) => `${bar.label} ${valueOf(bar, unit)}`).join("; ")}.`
    )
    .join(" ");
}
