/**
 * Serves a folder over http on loopback, as a registry of modules would: what has no file beside it.
 * Prints its port. For scripts that wait for programs, and could not serve them meanwhile.
 *
 *     node scripts/serve.mjs FOLDER
 */
import { createReadStream, existsSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { join, normalize } from "node:path";
import process from "node:process";

const [folder] = process.argv.slice(2);
const TYPES = { ts: "application/typescript", json: "application/json" };

const server = createServer((request, response) => {
  const { pathname } = new URL(request.url ?? "/", "http://localhost");
  const path = join(folder, normalize(decodeURIComponent(pathname)));
  if (!existsSync(path) || !statSync(path).isFile()) return void response.writeHead(404).end();
  const type = TYPES[path.split(".").at(-1)] ?? "text/javascript";
  response.writeHead(200, { "content-type": type });
  createReadStream(path).pipe(response);
});
server.listen(0, "127.0.0.1", () => console.log(server.address().port));
