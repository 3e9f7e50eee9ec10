/**
 * What it costs that the pages of a closed secret rest as long as a view of them could be
 * alive: making, reading and closing a secret that had a view, beside one that never had.
 *
 * @module
 */
import { Secret } from "../mod.ts";
import { floor } from "./floor.ts";
import { type Subject, timedWithTurn } from "./sample.ts";

/** The reference in which nothing rests. */
export const WITHOUT_VIEW = "without a view";

/** One window each: the one makes a view, the other compares the bytes in native code. */
export function quarantineSubjects(bytes: number): Subject[] {
  const source = new Uint8Array(bytes);
  const target = new Uint8Array(bytes);
  let sink = 0;
  return [{
    name: "create, view, close into quarantine",
    bytes,
    references: {
      floor: (rounds) => floor(rounds, bytes),
      [WITHOUT_VIEW]: timedWithTurn((rounds) => {
        for (let round = 0; round < rounds; round++) {
          const secret = Secret.from(source);
          sink += secret.equals(target) ? 1 : 0;
          secret.close();
        }
      }),
    },
    run: timedWithTurn((rounds) => {
      for (let round = 0; round < rounds; round++) {
        const secret = Secret.from(source);
        sink += secret.withBytes((view) => view[0] as number);
        secret.close();
      }
    }),
  }];
}
