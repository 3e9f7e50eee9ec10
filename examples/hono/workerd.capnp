using Workerd = import "/workerd/workerd.capnp";

const config :Workerd.Config = (
  services = [(name = "main", worker = .main)],
  sockets = [(name = "http", address = "127.0.0.1:8000", http = (), service = "main")],
);

const main :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "workerd.js"),
    (name = "securememory.wasm", wasm = embed "securememory.wasm"),
  ],
  compatibilityDate = "2026-11-01",
  bindings = [
    (name = "WEBHOOK_KEY", fromEnvironment = "WEBHOOK_KEY"),
    (name = "COOKIE_KEY", fromEnvironment = "COOKIE_KEY"),
  ],
);
