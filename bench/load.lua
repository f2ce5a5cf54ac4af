-- wrk's script: one request body per line of the file BENCH_BODIES, chosen at random; figures as one line of JSON.
local bodies, headers = {}, { ["content-type"] = "application/json" }
for line in io.lines(os.getenv("BENCH_BODIES")) do bodies[#bodies + 1] = line end
for line in io.lines(os.getenv("BENCH_HEADERS")) do
  local name, value = line:match("^([^:]+): (.+)$")
  headers[name] = value
end
local ready = {}
function init()
  math.randomseed(tonumber(os.getenv("BENCH_SEED")))
  for i, body in ipairs(bodies) do ready[i] = wrk.format("POST", nil, headers, body) end
end
function request() return ready[math.random(#ready)] end
function done(summary, latency)
  local e = summary.errors
  io.write(string.format('BENCH {"requests":%d,"micros":%d,"bytes":%d,"p50":%.1f,"p99":%.1f,"bad":%d}\n',
    summary.requests, summary.duration, summary.bytes, latency:percentile(50), latency:percentile(99),
    e.status + e.connect + e.read + e.write + e.timeout))
end
