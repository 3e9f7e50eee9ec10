/**
 * AWS Signature Version 4 with the secret access key in a secret:
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * Copies that are still made: none, of the secret access key, and of the keys that are derived from
 * it for one day, one region and one service. Each is a MAC that native code writes to the page of a
 * secret, to be the key of the next.
 */
import { Secret } from "@securememory/core";

/** Who signs. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  readonly sessionToken?: string;
}

/** What is signed for. */
export interface Scope {
  readonly region: string;
  readonly service: string;
}

/** The key of a day, a region and a service. Keep it for the day: deriving takes four MACs. */
export function signingKey(secret: Secret, day: string, { region, service }: Scope): Secret {
  using prefixed = Secret.fill(4 + secret.length, (bytes) => {
    bytes.set([0x41, 0x57, 0x53, 0x34]); // "AWS4"
    secret.readInto(bytes.subarray(4)); // from page to page
  });
  using dayKey = prefixed.hmac("SHA-256", day, { as: "secret" });
  using regionKey = dayKey.hmac("SHA-256", region, { as: "secret" });
  using serviceKey = regionKey.hmac("SHA-256", service, { as: "secret" });
  return serviceKey.hmac("SHA-256", "aws4_request", { as: "secret" });
}

/** The headers that a request has to be sent with, those that are given among them. */
export async function sign(
  request: { method: string; url: string; headers?: HeadersInit; body?: string },
  credentials: Credentials,
  scope: Scope,
  now: Date = new Date(),
): Promise<Headers> {
  const { accessKeyId, secretAccessKey, sessionToken } = credentials;
  const url = new URL(request.url);
  const time = now.toISOString().replaceAll(/[-:]|\.\d+/g, "");
  const day = time.slice(0, 8);
  const headers = new Headers(request.headers);
  headers.set("host", url.host);
  headers.set("x-amz-date", time);
  if (sessionToken !== undefined) headers.set("x-amz-security-token", sessionToken);
  const names = [...headers.keys()].sort();
  const signed = names.join(";");
  const canonical = [
    request.method,
    canonicalPath(url, scope.service),
    canonicalQuery(url),
    ...names.map((name) => `${name}:${headers.get(name)?.trim().replaceAll(/ +/g, " ")}`),
    "",
    signed,
    headers.get("x-amz-content-sha256") ?? await sha256(request.body ?? ""),
  ].join("\n");
  const credential = `${day}/${scope.region}/${scope.service}/aws4_request`;
  const text = ["AWS4-HMAC-SHA256", time, credential, await sha256(canonical)].join("\n");
  using key = signingKey(secretAccessKey, day, scope);
  headers.set(
    "authorization",
    `AWS4-HMAC-SHA256 Credential=${accessKeyId}/${credential}, SignedHeaders=${signed}, Signature=${
      key.hmac("SHA-256", text).toHex()
    }`,
  );
  return headers;
}

/** All services but S3 encode the path, which the URL has encoded already, once more. */
function canonicalPath({ pathname }: URL, service: string): string {
  const parts = pathname.split("/").map((part) => encode(decodeURIComponent(part)));
  return (service === "s3" ? parts : parts.map(encode)).join("/");
}

function canonicalQuery({ searchParams }: URL): string {
  // Sorted by name, then by value: a line feed is before all that names are encoded with.
  return [...searchParams].map(([name, value]) => `${encode(name)}\n${encode(value)}`).sort()
    .map((pair) => pair.replace("\n", "=")).join("&");
}

/** RFC 3986: also what `encodeURIComponent` leaves alone. */
function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return new Uint8Array(hash).toHex();
}
