/**
 * Pictures that stand alone, as SVG: no script, no font and no picture from elsewhere, their own
 * background, colours for light and for dark. What is drawn is data, so that a test can check it.
 *
 * @module
 */

/** Of every picture. */
export const WIDTH = 760;
/** What a picture keeps free at its sides. */
export const MARGIN = 28;

/** An upper bound of how wide a character of the fonts below is, in parts of their size. */
export const CHARACTER_WIDTH = 0.62;

/** Something that is drawn; its place is that of SVG: for a text, where its line begins or ends. */
export type Shape =
  | { readonly kind: "text"; readonly x: number; readonly y: number; readonly size: number }
    & { readonly anchor: "start" | "middle" | "end"; readonly style: string; readonly text: string }
  | { readonly kind: "rect"; readonly x: number; readonly y: number; readonly width: number }
    & { readonly height: number; readonly style: string };

/** A line through points. */
export interface Path {
  readonly kind: "path";
  readonly points: readonly (readonly [x: number, y: number])[];
  readonly style: string;
}

/** Adds a text. */
export function text(
  shapes: (Shape | Path)[],
  x: number,
  y: number,
  size: number,
  style: string,
  content: string,
  anchor: "start" | "middle" | "end" = "start",
): void {
  shapes.push({ kind: "text", x, y, size, style, text: content, anchor });
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

function styleSheet(lines: boolean): string {
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
      ...(lines ? [`.ours-line{stroke:${of.ours}}`, `.peer-line{stroke:${of.peer}}`] : []),
    ].join("");
  return [
    'text{font-family:system-ui,-apple-system,"Segoe UI","Noto Sans",Helvetica,Arial,sans-serif}',
    ".title,.heading,.ours-name{font-weight:600}",
    ...(lines ? ["path{fill:none;stroke-width:1.8;stroke-linejoin:round}"] : []),
    rules(light),
    `@media (prefers-color-scheme:dark){${rules(dark)}}`,
  ].join("\n");
}

/** A picture, and what a screen reader says instead of it. */
export interface Picture {
  readonly title: string;
  readonly description: string;
  readonly shapes: readonly (Shape | Path)[];
  readonly height: number;
}

/** The file. */
export function svg({ title, description, shapes, height }: Picture): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${place(height)}" ` +
    `width="${WIDTH}" height="${place(height)}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escape(title)}</title>`,
    `<desc id="desc">${escape(description)}</desc>`,
    `<style>\n${styleSheet(shapes.some(({ kind }) => kind === "path"))}\n</style>`,
    `<rect class="background" x="0.5" y="0.5" width="${WIDTH - 1}" height="${
      place(height - 1)
    }" rx="8"/>`,
    ...shapes.map(element),
    "</svg>",
    "",
  ].join("\n");
}

function element(shape: Shape | Path): string {
  if (shape.kind === "path") {
    const points = shape.points.map(([x, y]) => `${place(x)} ${place(y)}`);
    return `<path class="${shape.style}" d="M${points.join("L")}"/>`;
  }
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
