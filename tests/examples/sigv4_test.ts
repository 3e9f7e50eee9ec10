/**
 * examples/aws_sigv4, by vectors that AWS has published: the ListUsers example of the IAM User
 * Guide, the Signature Version 4 test suite, and the GET Object example of the S3 API Reference.
 *
 * @module
 */
import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createHash, createHmac } from "node:crypto";
import { Secret } from "@securememory/core";
import { sign, signingKey } from "../../examples/aws_sigv4/sigv4.ts";
import { patience } from "../support/child.ts";
import { run, RUNTIMES } from "./support/runtimes.ts";

const KEY = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const S3_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const EMPTY = createHash("sha256").digest("hex");
const SUITE = { region: "us-east-1", service: "service" };

interface Vector {
  readonly name: string;
  readonly method?: string;
  readonly url: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
  readonly scope?: { region: string; service: string };
  readonly id?: string;
  readonly key?: string;
  readonly time?: string;
  readonly signed: string;
  readonly signature: string;
}

const VECTORS: readonly Vector[] = [
  {
    name: "IAM ListUsers",
    url: "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
    scope: { region: "us-east-1", service: "iam" },
    signed: "content-type;host;x-amz-date",
    signature: "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
  },
  {
    name: "get-vanilla",
    url: "https://example.amazonaws.com/",
    signed: "host;x-amz-date",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
  },
  {
    name: "get-vanilla-query-order-key-case",
    url: "https://example.amazonaws.com/?Param2=value2&Param1=value1",
    signed: "host;x-amz-date",
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
  },
  {
    name: "post-vanilla",
    method: "POST",
    url: "https://example.amazonaws.com/",
    signed: "host;x-amz-date",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
  },
  {
    name: "post-x-www-form-urlencoded",
    method: "POST",
    url: "https://example.amazonaws.com/",
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: "Param1=value1",
    signed: "content-type;host;x-amz-date",
    signature: "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
  },
  {
    name: "S3 GET Object",
    url: "https://examplebucket.s3.amazonaws.com/test.txt",
    headers: { "range": "bytes=0-9", "x-amz-content-sha256": EMPTY },
    scope: { region: "us-east-1", service: "s3" },
    id: "AKIAIOSFODNN7EXAMPLE",
    key: S3_KEY,
    time: "2013-05-24T00:00:00Z",
    signed: "host;range;x-amz-content-sha256;x-amz-date",
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  },
];

describe("examples/aws_sigv4", () => {
  it("derives the signing key of the IAM User Guide", () => {
    using secret = Secret.fromString(KEY);
    using key = signingKey(secret, "20150830", { region: "us-east-1", service: "iam" });
    const wanted = "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9";
    assert.equal(key.withBytes((bytes) => bytes.toHex()), wanted);
  });

  for (const vector of VECTORS) {
    const { name, url, scope = SUITE, id = "AKIDEXAMPLE", key = KEY } = vector;
    const { method = "GET", time = "2015-08-30T12:36:00Z", signed, signature } = vector;
    it(`signs as AWS does: ${name}`, async () => {
      using secretAccessKey = Secret.fromString(key);
      const { headers = {}, body = "" } = vector;
      const credentials = { accessKeyId: id, secretAccessKey };
      const made = await sign({ method, url, headers, body }, credentials, scope, new Date(time));
      const day = time.slice(0, 10).replaceAll("-", "");
      const credential = `${id}/${day}/${scope.region}/${scope.service}/aws4_request`;
      assert.equal(
        made.get("authorization"),
        `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${signed}, Signature=${signature}`,
      );
      for (const [header, value] of Object.entries(headers)) assert.equal(made.get(header), value);
    });
  }

  it("signs what has to be encoded", async () => {
    using secretAccessKey = Secret.fromString(KEY);
    const credentials = { accessKeyId: "AKIDEXAMPLE", secretAccessKey };
    const time = new Date("2015-08-30T12:36:00Z");
    const canonical = (path: string, query: string) =>
      ["GET", path, query, "host:a.invalid", "x-amz-date:20150830T123600Z", "", "host;x-amz-date"]
        .concat(EMPTY).join("\n");
    const cases = [
      ["/a b", "", "/a%2520b", ""],
      ["/", "?a-b=1&a=2&a=10", "/", "a=10&a=2&a-b=1"],
      ["/", "?k=(1)*&e=%C3%BC%20", "/", "e=%C3%BC%20&k=%281%29%2A"],
    ] as const;
    for (const [path, query, canonicalPath, canonicalQuery] of cases) {
      const request = { method: "GET", url: `https://a.invalid${path}${query}` };
      const made = await sign(request, credentials, SUITE, time);
      const hash = createHash("sha256").update(canonical(canonicalPath, canonicalQuery));
      const text = [
        ...["AWS4-HMAC-SHA256", "20150830T123600Z", "20150830/us-east-1/service/aws4_request"],
        hash.digest("hex"),
      ].join("\n");
      let key: Uint8Array | string = `AWS4${KEY}`;
      for (const part of ["20150830", "us-east-1", "service", "aws4_request", text]) {
        key = createHmac("sha256", key).update(part).digest();
      }
      const wanted = (key as Uint8Array).toHex();
      assert.equal(made.get("authorization")?.slice(-64), wanted, path + query);
    }
  });

  for (const runtime of RUNTIMES) {
    it(`signs what the command line names on ${runtime}`, {
      timeout: patience(60_000),
    }, async () => {
      const { status, stdout, stderr } = await run(runtime, "examples/aws_sigv4/main.ts", {
        args: [
          "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
          "us-east-1",
          "iam",
        ],
        env: {
          AWS_ACCESS_KEY_ID: "AKIDEXAMPLE",
          AWS_SECRET_ACCESS_KEY: KEY,
          AWS_SESSION_TOKEN: "a token",
        },
      });
      assert.equal(status, 0, stderr);
      const line = (name: string) => new RegExp(`^${name}: (.*)$`, "m").exec(stdout)?.[1] ?? "";
      const time = line("x-amz-date");
      const scope = { region: "us-east-1", service: "iam" };
      const [year, month, day, hour, minute, second] =
        /(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z/.exec(time)?.slice(1) ?? [];
      using secretAccessKey = Secret.fromString(KEY);
      const made = await sign(
        { method: "GET", url: "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08" },
        { accessKeyId: "AKIDEXAMPLE", secretAccessKey, sessionToken: "a token" },
        scope,
        new Date(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`),
      );
      assert.equal(line("authorization"), made.get("authorization"));
      assert.match(line("authorization"), /SignedHeaders=host;x-amz-date;x-amz-security-token,/);
      assert.ok(!(stdout + stderr).includes(KEY));
    });
  }
});
