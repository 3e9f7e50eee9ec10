/**
 * The options of a soak, from its command line.
 *
 * @module
 */
import { parseArgs } from "node:util";

/** How long, how much, and with what. */
export interface Options {
  readonly minutes: number;
  /** Operations of all Workers at most. */
  readonly operations: number;
  readonly workers: number;
  readonly seed: number;
  readonly faults: boolean;
  /** The folder of soak.svg and soak.json. */
  readonly output: string;
}

/** Reads them; throws for what makes no sense. */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: "string", default: "3" },
      operations: { type: "string", default: "100000000" },
      workers: { type: "string", default: "4" },
      seed: { type: "string", default: "1" },
      "no-faults": { type: "boolean", default: false },
      output: { type: "string", default: "docs" },
    },
  });
  const number = (name: "minutes" | "operations" | "workers" | "seed", most: number): number => {
    const value = Number(values[name]);
    if (value > 0 && value <= most) return value;
    throw new RangeError(
      `Cannot soak: --${name} must be above 0 and at most ${most}: current value is ${
        values[name]
      }`,
    );
  };
  return {
    minutes: number("minutes", 600),
    operations: Math.floor(number("operations", 1e12)),
    workers: Math.floor(number("workers", 64)),
    seed: Math.floor(number("seed", 0xffffffff)),
    faults: !values["no-faults"],
    output: values.output,
  };
}
