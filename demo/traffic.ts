/**
 * The receiver at work: requests from another process, counted on both sides.
 *
 * @module
 */
import { ending, start } from "./child.ts";
import { KINDS } from "./deliveries.ts";
import type { Observer } from "./observing.ts";
import type { Receiver } from "./receiver.ts";
import { count, type Report } from "./report.ts";
import { RUNTIME } from "./runtime.ts";
import type { Copies } from "./search.ts";
import type { Sent } from "./sender.ts";
import type { Server } from "./server/server.ts";

/** Runs the sender against the receiver and compares what they say. */
export async function showTraffic(
  receiver: Receiver,
  server: Server,
  keyFile: string,
  observer: Observer | undefined,
  report: Report,
  cleanup: DisposableStack,
): Promise<void> {
  await observer?.ask("watch");
  const rights = [`--allow-net=127.0.0.1:${server.port}`, `--allow-read=${keyFile}`];
  const sender = start("sender.ts", [`${server.port}`, keyFile], rights, cleanup);
  const { status, signal, stdout, stderr } = await ending(sender);
  const seen = await observer?.ask("watched");
  if (status !== 0) throw new Error(`The sender ended by ${signal ?? status}: ${stderr}`);
  const { seconds, kinds }: Sent = JSON.parse(stdout);

  report.table([
    ["what process " + sender.pid + " sent", "sent", "204", "401"],
    ...KINDS.map(({ title }, index) => {
      const { accepted, rejected, other } = kinds[index] as Sent["kinds"][number];
      return [title, count(accepted + rejected + other), count(accepted), count(rejected)];
    }),
  ]);
  const sum = (pick: (kind: Sent["kinds"][number], index: number) => number) =>
    kinds.reduce((total, kind, index) => total + pick(kind, index), 0);
  const sent = sum(({ accepted, rejected, other }) => accepted + rejected + other);
  const good = sum((kind, index) => KINDS[index]?.good ? kind.accepted + kind.rejected : 0);
  const rate = count(sent / seconds);
  report.text(
    "",
    `accepted ${count(receiver.accepted)}, rejected ${count(receiver.rejected)}, ` +
      `served ${count(sent)} in ${seconds.toFixed(2)} s: ${rate} requests per second`,
  );
  if (seen !== undefined) report.text(`the page meanwhile, seen from outside: ${tally(seen)}`);
  if (observer !== undefined) explainCopies(await observer.ask("copies"), report);

  KINDS.forEach(({ title, good }, index) => {
    const { accepted, rejected, other } = kinds[index] as Sent["kinds"][number];
    const wrong = good ? rejected : accepted;
    report.claim(`no delivery "${title}" was ${good ? "rejected" : "accepted"}`, wrong === 0);
    report.claim(`every delivery "${title}" was answered 204 or 401`, other === 0);
  });
  report.claim(
    "the page was seen only as ---p or r--p",
    Object.keys(seen ?? {}).every((permissions) => ["---p", "r--p"].includes(permissions)),
  );
  report.claim("the receiver accepted what was meant to be", receiver.accepted === good);
  report.claim("the receiver rejected all the rest", receiver.rejected === sent - good);
  report.claim("there was traffic of both kinds", good > 0 && good < sent);
}

/** The library makes no copy. What createHmac is handed it may copy, and one runtime's does. */
function explainCopies(copies: Copies | null, report: Report): void {
  if (copies === null) return;
  const { onPage, elsewhere } = copies;
  report.text(
    `copies of the key in this process's memory: ${onPage} on its page, ${elsewhere} elsewhere`,
  );
  report.claim("the search finds the key where it is", onPage === 1);
  if (elsewhere === 0) return;
  report.text(
    "",
    "The latter are not the library's: what is handed the bytes in a window may copy them, and",
    "need not wipe the copies." +
      (RUNTIME === "deno" ? " Deno's own createHmac does just that." : ""),
  );
}

function tally(seen: Readonly<Record<string, number>>): string {
  return Object.entries(seen)
    .sort(([, a], [, b]) => b - a)
    .map(([permissions, times]) => `${permissions} ${count(times)} times`)
    .join(", ");
}
