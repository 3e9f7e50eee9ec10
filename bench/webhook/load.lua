-- The request of wrk, and one line of what came back: how many, how many not 2xx or 3xx, and
-- in how many microseconds. Arguments: the file with the body, and its signature.
function init(args)
  local file = assert(io.open(args[1], "rb"))
  local body = file:read("*a")
  file:close()
  local headers = {
    ["Content-Type"] = "application/json",
    ["X-Hub-Signature-256"] = "sha256=" .. args[2],
  }
  prepared = wrk.format("POST", nil, headers, body)
end

function request()
  return prepared
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.timeout + errors.status
  print(string.format("result %d %d %d", summary.requests, failed, summary.duration))
end
