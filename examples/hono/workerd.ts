/**
 * The app on Cloudflare Workers, whose runtime is workerd. With wrangler, `wrangler dev`, and the
 * keys by `wrangler secret put WEBHOOK_KEY`. With workerd alone, in a project that has
 * `@securememory/core` from npm:
 *
 *     npx esbuild workerd.ts --bundle --format=esm --conditions=workerd \
 *       --loader:.wasm=copy --asset-names=[name] --outdir=.
 *     WEBHOOK_KEY=... COOKIE_KEY=... npx workerd serve workerd.capnp
 *
 * Copies of the keys that are still made: bindings are strings, which cannot be wiped, so that
 * of each key stays in `env` for as long as the isolate lives. Nothing is locked on the edge:
 * see `capabilities()` of `@securememory/core/edge`.
 */
import { Secret } from "@securememory/core/edge";
import { createApp } from "./app.ts";

interface Env {
  readonly WEBHOOK_KEY: string;
  readonly COOKIE_KEY: string;
}

let app: ReturnType<typeof createApp> | undefined;

export default {
  fetch(request: Request, env: Env): Response | Promise<Response> {
    // Not earlier: outside of a request Workers have no random numbers, which a secret needs.
    app ??= createApp(Secret.fromString(env.WEBHOOK_KEY), Secret.fromString(env.COOKIE_KEY));
    return app.fetch(request);
  },
};
