/**
 * The plot of a soak: what the process used over time, one panel for each line that has to be flat.
 * Linear axes from 0.
 *
 * @module
 */
import { MARGIN, type Path, type Shape, svg, text, WIDTH } from "../bench/published/svg.ts";
import { sum } from "./counts.ts";
import type { Report } from "./report.ts";
import { LINES, type Usage } from "./usage.ts";

const LEFT = 108;
const PLOT_WIDTH = WIDTH - LEFT - MARGIN - 12;
const PANEL_HEIGHT = 74;
const PANEL = PANEL_HEIGHT + 48;
const HEADING = 96;
const FOOT = 56;

type Line = (typeof LINES)[number]["name"];

/** Bytes and numbers, short. */
function amount(name: Line, value: number): string {
  if (!name.endsWith("Bytes")) return Math.round(value).toLocaleString("en-US");
  return value >= 1 << 20
    ? `${Math.round(value / (1 << 20))} MiB`
    : `${Math.round(value / (1 << 10))} KiB`;
}

/** A round number that nothing is above: the top of an axis. */
export function topOf(most: number): number {
  const power = 2 ** Math.floor(Math.log2(Math.max(most, 1)));
  return [1, 1.25, 1.5, 2].map((part) => part * power).find((top) => top >= most) ?? most;
}

/** Everything in its place, and how high it is. */
export function layOut(report: Report): { shapes: (Shape | Path)[]; height: number } {
  const shapes: (Shape | Path)[] = [];
  const { operations, faults, samples } = report;
  const many = (number: number) => number.toLocaleString("en-US");
  text(shapes, MARGIN, 40, 19, "title", "A soak: what the process uses over time");
  const done = `${many(sum(operations))} operations by ${report.workers} Workers in ` +
    `${report.seconds} s; ${many(sum(faults))} system calls made to fail`;
  text(shapes, MARGIN, 61, 12.5, "note", `${done}. Linear axes from 0.`);
  const last = samples[samples.length - 1]?.seconds ?? 1;
  for (const [index, { name, title }] of LINES.entries()) {
    layOutPanel(shapes, samples, last, name, title, HEADING + index * PANEL);
  }
  const bottom = HEADING + LINES.length * PANEL;
  layOutTime(shapes, last, bottom - 14);
  const where = `${report.machine}; ${report.runtime}; ${report.date}; seed ${report.seed}`;
  text(shapes, MARGIN, bottom + 32, 11.5, "note", where);
  return { shapes, height: bottom + FOOT };
}

function layOutPanel(
  shapes: (Shape | Path)[],
  samples: readonly Usage[],
  last: number,
  name: Line,
  title: string,
  y: number,
): void {
  text(shapes, MARGIN, y + 4, 13, "heading", title);
  const [top, bottom] = [y + 16, y + 16 + PANEL_HEIGHT];
  const most = topOf(Math.max(...samples.map((sample) => sample[name])));
  for (const part of [0, 0.5, 1]) {
    const at = bottom - part * PANEL_HEIGHT;
    shapes.push({ kind: "rect", x: LEFT, y: at, width: PLOT_WIDTH, height: 1, style: "line" });
    text(shapes, LEFT - 8, at + 4, 11, "tick", amount(name, part * most), "end");
  }
  shapes.push({
    kind: "path",
    style: "ours-line",
    points: samples.map((sample) => [
      LEFT + sample.seconds / last * PLOT_WIDTH,
      bottom - sample[name] / most * (bottom - top),
    ]),
  });
}

function layOutTime(shapes: (Shape | Path)[], last: number, y: number): void {
  for (const part of [0, 0.25, 0.5, 0.75, 1]) {
    const seconds = part * last;
    const label = `${seconds >= 20 ? Math.round(seconds) : seconds.toFixed(1)} s`;
    text(shapes, LEFT + part * PLOT_WIDTH, y, 11, "tick", label, "middle");
  }
}

/** What a screen reader says instead of the picture. */
export function description({ samples, problems }: Report): string {
  const lines = LINES.map(({ name, title }) => {
    const values = samples.map((sample) => sample[name]);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const end = values[values.length - 1] ?? 0;
    return `${title}: between ${amount(name, least)} and ${amount(name, most)}, ` +
      `${amount(name, end)} at the end.`;
  });
  return [...lines, problems.length === 0 ? "No problem was found." : problems.join(" ")].join(" ");
}

/** The file. */
export function plot(report: Report): string {
  const { shapes, height } = layOut(report);
  return svg({
    title: "What a soak of SecureMemory uses over time",
    description: description(report),
    shapes,
    height,
  });
}
