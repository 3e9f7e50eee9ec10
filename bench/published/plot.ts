/**
 * The plot of the benchmarks beside the peers, as an SVG that stands alone: no script, no font
 * and no picture from elsewhere, its own background, colours for light and for dark.
 *
 * Three panels, each with a linear axis that starts at 0, so that lengths of bars can be
 * compared. What is drawn is laid out first, as data, so that a test can check it.
 *
 * @module
 */
import type { Figures } from "./figures.ts";
import { whereOf } from "./format.ts";
import { descriptionOf, layOutPanel, type Panel, peer, perRuntime } from "./panels.ts";
import { MARGIN, type Shape, svg, text } from "./svg.ts";

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

/** What a screen reader says instead of the picture: all of its figures. */
export function description(figures: Figures): string {
  return descriptionOf(panelsOf(figures));
}

/** The file. */
export function plot(figures: Figures): string {
  const { shapes, height } = layOut(figures);
  return svg({
    title: "SecureMemory beside its peers: what windows and secrets cost",
    description: description(figures),
    shapes,
    height,
  });
}
