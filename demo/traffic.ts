/**
 * The receiver at work: requests from another process, counted on both sides.
 *
 * @module
 */
import type { Secret } from "../mod.ts";
import { ending, start } from "./child.ts";
import { type Kind, KINDS } from "./deliveries.ts";
import type { Questions } from "./observer.ts";
import type { Observer } from "./observing.ts";
import type { Receiver } from "./receiver.ts";
import { count, type Report } from "./report.ts";
import type { Sent } from "./sender.ts";
import type { Server } from "./server/server.ts";

/** Runs the sender against the receiver and compares what they say. */
export async function showTraffic(
  { key, receiver, server, keyFile, observer }: {
    key: Secret;
    receiver: Receiver;
    server: Server;
    keyFile: string;
    observer: Observer | undefined;
  },
  report: Report,
  cleanup: DisposableStack,
): Promise<void> {
  await observer?.ask("watch");
  const { seconds, kinds } = await send(server, keyFile, cleanup);
  const seen = await observer?.ask("watched");

  report.table([
    ["what another process sent", "sent", "204", "401"],
    ...kinds.map(({ kind, sent, accepted, rejected }) => [
      kind.title,
      ...[sent, accepted, rejected].map(count),
    ]),
  ]);
  const total = kinds.reduce((sum, { sent }) => sum + sent, 0);
  const good = kinds.reduce((sum, { kind, sent }) => sum + (kind.good ? sent : 0), 0);
  const planned = KINDS.reduce((sum, kind) => sum + kind.count, 0);
  report.text(
    "",
    `accepted ${count(receiver.accepted)}, rejected ${count(receiver.rejected)}, ` +
      `served ${count(total)} in ${seconds.toFixed(2)} s: ${count(total / seconds)} per second`,
  );
  if (total < planned) report.text(`the sender's time was up before it had sent ${count(planned)}`);
  if (seen !== undefined) report.text(`the page meanwhile, seen from outside: ${tally(seen)}`);
  const store = key.status().store;
  if (observer !== undefined) showCopies(await observer.ask("copies"), store, report);

  for (const { kind, sent, accepted, rejected } of kinds) {
    const right = kind.good ? accepted : rejected;
    const claim = `every delivery "${kind.title}" was ${kind.good ? "accepted" : "rejected"}`;
    report.claim(claim, sent > 0 && right === sent);
  }
  report.claim("the receiver accepted what it should", receiver.accepted === good);
  report.claim("the receiver rejected all the rest", receiver.rejected === total - good);
  // Under the gate pkey a page in use is open in the page table, and closed by its key.
  const allowed = key.status().gate === "pkey" ? /^(---|r--|rw-)/ : /^(---|r--)/;
  report.claim(
    "the page was seen as nothing but what its gate makes of it",
    Object.keys(seen ?? {}).every((permissions) => allowed.test(permissions)),
  );
}

/** Runs the sender to its end. */
async function send(server: Server, keyFile: string, cleanup: DisposableStack) {
  const rights = [`--allow-net=127.0.0.1:${server.port}`, `--allow-read=${keyFile}`];
  const sender = start("sender.ts", [`${server.port}`, keyFile], rights, cleanup);
  const { status, signal, stdout, stderr } = await ending(sender);
  if (status !== 0) throw new Error(`The sender ended by ${signal ?? status}: ${stderr}`);
  const { seconds, kinds }: Sent = JSON.parse(stdout);
  return {
    seconds,
    kinds: kinds.map((tally, index) => ({ kind: KINDS[index] as Kind, ...tally })),
  };
}

function showCopies(copies: Questions["copies"], store: string, report: Report): void {
  if (copies === null) return;
  const { onPage, elsewhere, control } = copies;
  report.text(
    `copies of the key in this process's memory: ${onPage} on its page, ${elsewhere} elsewhere`,
    `(the same search finds ${control} in the observer's own, which has read the key file)`,
  );
  report.claim("the search finds a key where it is to be found", control > 0);
  report.claim(
    "the search finds the page exactly if its store can be read",
    (onPage === 1) === (store !== "secretmem"),
  );
  report.claim("the key is nowhere else in this process", elsewhere === 0);
}

function tally(seen: Readonly<Record<string, number>>): string {
  return Object.entries(seen)
    .sort(([, a], [, b]) => b - a)
    .map(([permissions, times]) => `${permissions} ${count(times)} times`)
    .join(", ");
}
