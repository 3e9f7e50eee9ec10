/**
 * Links that expire, signed on Deno Deploy. `/edge` needs no FFI, and no permission but the
 * server's own:
 *
 *     LINK_KEY=$(openssl rand -base64 32) deno run --allow-net --allow-env=LINK_KEY,HOST,PORT \
 *       examples/deno_deploy/main.ts
 *
 * On Deno Deploy this file is the entry point, and LINK_KEY a secret of the app's settings.
 *
 * Copies of the key that are still made: the variable stays in the block that the process was
 * started with, since scrubbing that needs FFI; and reading it makes a string. On the edge secrets
 * are encrypted between windows, but nothing is locked, and there are no guards.
 */
import { Secret } from "@securememory/core/edge";

const key = Secret.fromBase64(Deno.env.get("LINK_KEY") ?? "");
Deno.env.delete("LINK_KEY"); // what this process starts inherits no key
const LINK_SECONDS = 60;

/** What is signed: the path, and until when. */
function text(path: string, until: string): string {
  return `GET ${path} until ${until}`;
}

function makeLink(path: string): string {
  const until = `${Math.floor(Date.now() / 1000) + LINK_SECONDS}`;
  return `${path}?until=${until}&mac=${key.hmac("SHA-256", text(path, until)).toHex()}`;
}

function isValid({ pathname, searchParams }: URL): boolean {
  const until = searchParams.get("until") ?? "";
  const mac = searchParams.get("mac") ?? "";
  if (!/^\d{1,12}$/.test(until) || !/^[0-9a-f]{64}$/.test(mac)) return false;
  return key.verifyHmac("SHA-256", text(pathname, until), Uint8Array.fromHex(mac)) &&
    Date.now() / 1000 <= Number(until);
}

const address = { hostname: Deno.env.get("HOST"), port: Number(Deno.env.get("PORT") ?? 8000) };
Deno.serve(address, (request) => {
  const url = new URL(request.url);
  if (!url.pathname.startsWith("/files/")) return new Response("Not found", { status: 404 });
  if (request.method === "POST") return new Response(makeLink(url.pathname));
  if (!isValid(url)) return new Response("The link has expired, or is not ours", { status: 403 });
  return new Response(`the content of ${url.pathname}`);
});
