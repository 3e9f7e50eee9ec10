/**
 * What the demo prints, and whether all of it was so.
 *
 * @module
 */
import process from "node:process";

const coloured = process.stdout.isTTY === true && !process.env.NO_COLOR;
const style = (code: number) => (text: string) => coloured ? `\x1b[${code}m${text}\x1b[0m` : text;
const bold = style(1);
const red = style(31);
const green = style(32);

/** One person reads it from top to bottom: titled sections of text and aligned tables. */
export class Report {
  readonly #failed: string[] = [];
  #held = 0;

  title(text: string): void {
    console.log(bold(text));
  }

  section(title: string): void {
    console.log(`\n${bold(title)}`);
  }

  /** Lines of plain text. */
  text(...lines: string[]): void {
    for (const line of lines) console.log(`  ${line}`.trimEnd());
  }

  /** Rows of cells. Columns of numbers, whatever the first row calls them, are right-aligned. */
  table(rows: readonly (readonly string[])[]): void {
    const columns = Math.max(...rows.map((row) => row.length));
    const widths = Array.from(
      { length: columns },
      (_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)),
    );
    const numeric = widths.map((_, column) =>
      column > 0 && rows.slice(1).every((row) => /^([-\d,]+( ns)?)?$/.test(row[column] ?? ""))
    );
    for (const row of rows) {
      const cells = row.map((cell, column) =>
        numeric[column] ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0)
      );
      this.text(cells.join("   ").trimEnd());
    }
  }

  /** Something that was said and has to hold: if it does not, the demo fails. */
  claim(text: string, holds: boolean): void {
    if (holds) {
      this.#held += 1;
    } else {
      this.#failed.push(text);
      this.text(red(`NOT SO: ${text}`));
    }
  }

  /** Says whether every claim held. */
  conclude(): boolean {
    const failed = this.#failed.length;
    console.log();
    if (failed === 0) {
      console.log(green(`${this.#held} checks were made while this ran, and all held.`));
    } else {
      console.log(red(`${failed} of ${this.#held + failed} checks did not hold:`));
      this.text(...this.#failed);
    }
    return failed === 0;
  }
}

/** 12,345. */
export function count(number: number): string {
  return Math.round(number).toLocaleString("en-US");
}
