/**
 * docs/benchmarks.svg and the tables of figures are what the project's script makes of
 * docs/benchmarks.json; and the picture is one that can be read.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { type Figures, figuresOf, instructionsOf } from "../bench/published/figures.ts";
import { layOut, panelsOf, plot } from "../bench/published/plot.ts";
import { CHARACTER_WIDTH, COLOURS, type Shape } from "../bench/published/svg.ts";
import { layOut as layOutScale, scalePlot } from "../bench/published/scale.ts";
import { PARTS, scaleTable, withPart } from "../bench/published/tables.ts";
import type { Report } from "../bench/report.ts";
import { ROOT } from "./support/child.ts";

const read = (path: string) => readFileSync(`${ROOT}${path}`, "utf8");
const figures = JSON.parse(read("docs/benchmarks.json")) as Figures;
const svg = read("docs/benchmarks.svg");

/** The figures with one of them changed. */
function changed(ns: number, name = "cold window"): Figures {
  const copy = structuredClone(figures) as unknown as {
    runtimes: { bun: { rows: Record<string, { p50: number }> } };
  };
  (copy.runtimes.bun.rows[name] as { p50: number }).p50 = ns;
  return copy as unknown as Figures;
}

describe("what is committed", () => {
  it("the picture is what the script draws from docs/benchmarks.json", () => {
    assert.equal(svg, plot(figures), "run `npm run plot`");
    assert.notEqual(plot(changed(4321)), svg, "the control makes no difference");
  });

  it("the picture of scale, too", () => {
    assert.equal(read("docs/scale.svg"), scalePlot(figures), "run `npm run plot`");
  });

  for (const [file, part] of PARTS) {
    it(`the figures of ${file} (${part.name}) are those of docs/benchmarks.json`, () => {
      const text = read(file);
      assert.equal(withPart(text, part(figures)), text, "run `npm run plot`");
      const other = part === scaleTable ? changed(4321, "enclave, cold") : changed(4321);
      assert.notEqual(withPart(text, part(other)), text, "the control makes no difference");
    });
  }

  it("a document without marks for the figures is refused", () => {
    assert.throws(() => withPart("# Nothing", "x"), /no marks/);
  });
});

/** What is wrong with an XML text of elements, attributes and text; undefined if nothing is. */
function flawOf(xml: string): string | undefined {
  const open: string[] = [];
  let rest = xml;
  while (rest !== "") {
    const tag = /^<(\/?)([A-Za-z]+)((?: [\w:-]+="[^"<&]*")*)(\/?)>/.exec(rest);
    if (tag !== null) {
      const [whole, end, name, , alone] = tag as unknown as [
        string,
        string,
        string,
        string,
        string,
      ];
      if (end === "/" && open.pop() !== name) return `</${name}> closes something else`;
      if (end === "" && alone === "") open.push(name);
      if (open.length === 0 && rest.slice(whole.length).trim() !== "") return "more than one root";
      rest = rest.slice(whole.length);
      continue;
    }
    const text = /^(?:[^<&]|&(?:amp|lt|gt|quot|apos);)+/.exec(rest);
    if (text === null) return `cannot read: ${rest.slice(0, 60)}`;
    rest = rest.slice(text[0].length);
  }
  return open.length === 0 ? undefined : `<${open.at(-1)}> is not closed`;
}

describe("the picture", () => {
  it("is well formed", () => {
    assert.equal(flawOf(svg), undefined);
    assert.equal(flawOf(read("docs/scale.svg")), undefined);
    for (const broken of ["<a><b></a></b>", "<a", "<a>&x;</a>", "<a b=c/>", "<a>", "<a/><b/>"]) {
      assert.notEqual(flawOf(broken), undefined, broken);
    }
  });

  it("stands alone: no script, no font, nothing from elsewhere", () => {
    assert.doesNotMatch(svg, /<script|@import|@font-face|url\(|href/);
    assert.deepEqual(svg.match(/https?:[^"]+/g), ["http://www.w3.org/2000/svg"]);
  });

  it("tells a screen reader its title and all of its figures", () => {
    assert.match(svg, /role="img" aria-labelledby="title desc"/);
    assert.match(svg, /<title id="title">[^<]{20,}<\/title>/);
    const said = /<desc id="desc">([^<]+)<\/desc>/.exec(svg)?.[1] ?? "";
    const shown = [...svg.matchAll(/class="value"[^>]*>([^<]+)</g)].map(([, value]) => value);
    assert.equal(shown.length, panelsOf(figures).flatMap(({ bars }) => bars).length);
    for (const value of shown as string[]) assert.ok(said.includes(value), value);
  });

  it("has bars in proportion to their figures, on linear axes from 0, and says so", () => {
    const { shapes } = layOut(figures);
    const bars = shapes.filter((shape) => shape.kind === "rect" && /ours|peer/.test(shape.style));
    const lines = shapes.filter(({ style }) => style === "line");
    let next = 0;
    for (const { title, bars: wanted } of panelsOf(figures)) {
      const drawn = bars.slice(next, next += wanted.length) as { x: number; width: number }[];
      const scale = (drawn[0]?.width ?? 0) / (wanted[0]?.ns ?? 1);
      for (const [index, { ns, label }] of wanted.entries()) {
        const { x, width } = drawn[index] as { x: number; width: number };
        assert.ok(Math.abs(width - ns * scale) < 1e-6, `${title}, ${label}`);
        assert.equal(x, lines[0]?.x, "bars begin at the axis's 0");
      }
    }
    assert.equal(next, bars.length, "bars that no panel has");
    assert.match(svg, /Linear axes from 0/);
    // The file's own numbers, which are rounded to a hundredth.
    const [first, second] = [...svg.matchAll(/class="(?:ours|peer)"[^>]* width="([\d.]+)"/g)];
    const [a, b] = panelsOf(figures)[0]?.bars ?? [];
    assert.ok(a !== undefined && b !== undefined);
    assert.ok(Math.abs(Number(first?.[1]) / Number(second?.[1]) - a.ns / b.ns) < 1e-3);
  });

  it("has no text that overlaps another one, a bar, or the edge", () => {
    const { shapes, height } = layOut(figures);
    assert.deepEqual(overlaps(shapes, height), []);
    const scale = layOutScale(figures);
    assert.deepEqual(overlaps(scale.shapes, scale.height), []);
    const [title, note] = shapes;
    assert.notDeepEqual(overlaps([title, { ...note, y: 40 }] as Shape[], height), []);
    assert.notDeepEqual(overlaps([{ ...title, x: 600 }] as Shape[], height), []);
  });

  it("can be read in light and in dark mode", () => {
    assert.match(svg, /@media \(prefers-color-scheme:dark\)/);
    for (const [mode, colours] of Object.entries(COLOURS)) {
      for (const [name, least] of [["text", 7], ["note", 4.5], ["ours", 3], ["peer", 3]] as const) {
        const found = contrast(colours[name], colours.background);
        assert.ok(found >= least, `${mode}, ${name}: ${found.toFixed(2)} to 1, wanted is ${least}`);
        assert.ok(svg.includes(colours[name]), `${mode}, ${name}`);
      }
      assert.ok(contrast(colours.floor, colours.ours) >= 2, mode);
    }
    assert.ok(contrast("#ffffff", "#000000") === 21 && contrast("#888888", "#888888") === 1);
  });
});

interface Box {
  readonly what: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Room that a shape takes at most. */
function boxOf(shape: Shape): Box {
  if (shape.kind === "rect") {
    const { x, y, width, height } = shape;
    return { what: shape.style, left: x, right: x + width, top: y, bottom: y + height };
  }
  const width = shape.text.length * shape.size * CHARACTER_WIDTH;
  const before = { start: 0, middle: width / 2, end: width }[shape.anchor];
  const left = shape.x - before;
  // Above the line it stands on, and what hangs below that.
  const [top, bottom] = [shape.y - shape.size * 0.8, shape.y + shape.size * 0.25];
  return { what: shape.text, left, right: left + width, top, bottom };
}

/** Pairs that meet, of which at least one is a text; lines of the axis are behind everything. */
function overlaps(shapes: readonly Shape[], height: number): string[] {
  const boxes = shapes.filter(({ style }) => style !== "line").map((shape) => ({
    ...boxOf(shape),
    isText: shape.kind === "text",
  }));
  const found = boxes.filter(({ left, right, top, bottom }) =>
    left < 8 || right > 752 || top < 8 || bottom > height - 8
  ).map(({ what }) => `${what}: the edge`);
  for (const [index, a] of boxes.entries()) {
    for (const b of boxes.slice(index + 1)) {
      if (!a.isText && !b.isText) continue;
      const apart = a.right <= b.left || b.right <= a.left || a.bottom <= b.top ||
        b.bottom <= a.top;
      if (!apart) found.push(`${a.what}: ${b.what}`);
    }
  }
  return found;
}

/** Contrast of two colours by WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [a, b] = [one, other].map(luminance).toSorted((x, y) => y - x) as [number, number];
  return (a + 0.05) / (b + 0.05);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

describe("taking figures", () => {
  const report = (subject: string, quick = false): Report => ({
    subject,
    version: "1",
    date: "2026-01-02T03:04:05Z",
    quick,
    machine: {
      cpu: "P",
      cores: 3,
      memoryBytes: 1,
      pageBytes: 4096,
      os: "linux",
      arch: "x86_64",
      kernel: "6.18.44-x #1",
      load: 0,
    },
    rows: [32, 4096].map((bytes) => ({
      name: "cold window",
      bytes,
      unit: "ns",
      p50: bytes + 0.123456,
      p99: 1,
      samples: 1,
      rounds: 1,
      ratios: { floor: 1.23456789 },
    })),
    skipped: [],
  });
  const all = { bun: report("bun"), deno: report("deno"), node: report("node") };

  it("keeps rows of 32 bytes, the machine and the day", () => {
    const taken = figuresOf(all, report("peers"), figures.instructions, false);
    assert.equal(taken.date, "2026-01-02");
    assert.equal(taken.machine, "P, 3 cores, Linux 6.18 x86_64");
    assert.deepEqual(taken.runtimes.bun.rows, {
      "cold window": { p50: 32.123, ratios: { floor: 1.2346 } },
    });
  });

  it("refuses a quick run", () => {
    const quick = { ...all, deno: report("deno", true) };
    assert.throws(
      () => figuresOf(quick, report("peers"), figures.instructions, false),
      /quick run: .*deno/,
    );
  });

  it("reads what bench/instructions.ts prints, names with commas too", () => {
    const part = (name: string) =>
      `${name} 1.2.3: instructions, and how many times those of the reference\n` +
      "floor, 5489\nwindow, twice, 12, 1.025 x floor, 0.856 x mprotect\nskipped: a: b\n";
    const found = instructionsOf(["bun", "deno", "node"].map(part).join(""));
    assert.deepEqual(found.node, {
      version: "1.2.3",
      rows: {
        floor: { p50: 5489, ratios: {} },
        "window, twice": { p50: 12, ratios: { floor: 1.025, mprotect: 0.856 } },
      },
    });
    assert.throws(() => instructionsOf(part("bun")), /none of deno/);
  });
});
