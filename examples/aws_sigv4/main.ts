/**
 * Signs a request to AWS, and prints the headers to send it with. On Bun, on Deno, on Node 26:
 *
 *     export AWS_ACCESS_KEY_ID=AKID... AWS_SECRET_ACCESS_KEY=...
 *     bun examples/aws_sigv4/main.ts 'https://iam.amazonaws.com/?Action=...' us-east-1 iam
 *     deno run --allow-ffi \
 *       --allow-env=AWS_ACCESS_KEY_ID,AWS_SECRET_ACCESS_KEY,AWS_SESSION_TOKEN \
 *       examples/aws_sigv4/main.ts 'https://iam.amazonaws.com/?Action=...' us-east-1 iam
 *     node examples/aws_sigv4/main.ts 'https://iam.amazonaws.com/?Action=...' us-east-1 iam
 *
 * Copies of the secret access key that are still made: on Bun one, which Bun makes of the whole
 * environment when it starts. On Deno and Node none, and none of the keys that are derived from it.
 */
import process from "node:process";
import { Secret } from "@securememory/core";
import { sign } from "./sigv4.ts";

// Before anything else reads the environment.
using secretAccessKey = Secret.fromEnv("AWS_SECRET_ACCESS_KEY", { scrub: true });

const [url, region, service] = process.argv.slice(2);
const accessKeyId = process.env.AWS_ACCESS_KEY_ID;
const sessionToken = process.env.AWS_SESSION_TOKEN;
if (url === undefined || region === undefined || service === undefined) {
  throw new TypeError("Cannot sign: name a URL, a region and a service");
}
if (accessKeyId === undefined) throw new TypeError("Cannot sign: AWS_ACCESS_KEY_ID is not set");
const credentials = {
  accessKeyId,
  secretAccessKey,
  ...sessionToken === undefined ? {} : { sessionToken },
};
const headers = await sign({ method: "GET", url }, credentials, { region, service });
for (const [name, value] of headers) console.log(`${name}: ${value}`);
