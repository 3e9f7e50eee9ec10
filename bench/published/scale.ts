/**
 * The plot of scale: how many secrets can be alive, and what pools and enclaves cost beside the
 * peers, as an SVG like that of the benchmarks.
 *
 * @module
 */
import { COUNTS, nameOf } from "../many.ts";
import { type Figures, RUNTIMES } from "./figures.ts";
import { rowOf, TITLES, whereOf } from "./format.ts";
import { type Bar, descriptionOf, layOutPanel, type Panel, peer, perRuntime } from "./panels.ts";
import { MARGIN, type Shape, svg, text } from "./svg.ts";

/** The lock limit of most systems: of Linux since 5.16. */
const LIMIT = 8 << 20;
const MOST = COUNTS[COUNTS.length - 1] as number;

/** Secrets of 32 bytes under that limit: what is locked for each was measured. */
function under(lockedEach: number): number {
  return Math.floor(LIMIT / lockedEach);
}

function alive(figures: Figures): Bar[] {
  const own = rowOf(figures.runtimes.bun, "locked memory per secret").p50;
  const memguard = rowOf(figures.peers, "memguard locked memory per secret").p50;
  const bar = (label: string, ns: number, ours: boolean, first: boolean): Bar => ({
    label,
    ns,
    ours,
    first,
  });
  return [
    bar("SecureMemory, sealing pool", MOST, true, true),
    bar("SecureMemory, own pages", under(own), true, false),
    bar("memguard (Go)", under(memguard), false, true),
  ];
}

/** What the panels show. */
export function panelsOf(figures: Figures): Panel[] {
  return [
    {
      title: "Secrets of 32 bytes that live under a lock limit of 8 MiB",
      note:
        "The million was made and read; memory alone limits it. The others lock a page for each.",
      unit: "secrets",
      stepNs: MOST / 4,
      bars: alive(figures),
    },
    {
      title: "Create a secret from 32 bytes, and close it",
      note: "A pool that seals makes its secrets encrypted, and places them with their first use.",
      unit: "µs",
      stepNs: 10_000,
      bars: [
        ...perRuntime(figures, "SecureMemory", "create and close in a sealing pool", false),
        ...perRuntime(figures, "sodium-native", "sodium-native create and close", false),
        peer(figures, "Asherah (Go)", "Asherah create and close", false, true),
        peer(figures, "memguard (Go)", "memguard create and close", false, false),
      ],
    },
    {
      title: "Open what is sealed, read it, close it again",
      note: "Cold: decrypted each time. An enclave that is used often is kept open for a moment.",
      unit: "µs",
      stepNs: 25_000,
      bars: [
        ...perRuntime(figures, "Enclave, cold", "enclave, cold", false).map(asOurs),
        ...perRuntime(figures, "Enclave, hot", "enclave, hot", false).map(asOurs),
        peer(figures, "memguard (Go)", "memguard Enclave open and destroy", false, true),
      ],
    },
    {
      title: "One window on a secret of a pool, with so many secrets alive",
      note: "Four processes in turn on each runtime: nothing grows with the number of secrets.",
      unit: "µs",
      stepNs: 500,
      bars: RUNTIMES.flatMap((runtime) =>
        COUNTS.map((count, index) => ({
          label: `${TITLES[runtime]}, ${count.toLocaleString("en-US")}`,
          ns: rowOf(figures.runtimes[runtime], nameOf(count)).p50,
          ours: true,
          first: index === 0,
        }))
      ),
    },
  ];
}

function asOurs(bar: Bar): Bar {
  return { ...bar, ours: true };
}

/** Everything in its place, and how high it is. */
export function layOut(figures: Figures): { shapes: Shape[]; height: number } {
  const shapes: Shape[] = [];
  text(shapes, MARGIN, 40, 19, "title", "SecureMemory at scale, beside its peers");
  const note = "32-byte secrets. Medians. Linear axes from 0.";
  text(shapes, MARGIN, 61, 12.5, "note", note);
  let y = 84;
  for (const panel of panelsOf(figures)) y = layOutPanel(shapes, panel, y);
  text(shapes, MARGIN, y + 10, 11.5, "note", `${whereOf(figures)}. Figures: docs/benchmarks.json`);
  return { shapes, height: y + 30 };
}

/** The file. */
export function scalePlot(figures: Figures): string {
  return svg({
    title: "SecureMemory at scale: how many secrets, and what pools and enclaves cost",
    description: descriptionOf(panelsOf(figures)),
    ...layOut(figures),
  });
}
