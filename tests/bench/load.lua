-- Posts statements under fresh ids: `wrk … -s load.lua URL -- TEMPLATES SIZE SEED` where TEMPLATES has one
-- statement a line with a placeholder for its id and SIZE is the number of statements in a request (0: one, bare).

local PLACEHOLDER = "00000000%-0000%-4000%-8000%-000000000000"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  size = tonumber(args[2])
  math.randomseed(tonumber(args[3]) * 1000 + number)
  heads, tails = {}, {}
  for line in io.lines(args[1]) do
    local from, to = line:find(PLACEHOLDER)
    heads[#heads + 1] = line:sub(1, from - 1)
    tails[#tails + 1] = line:sub(to + 1)
  end
end

local function half()
  return math.random(0, 65535)
end

local function one()
  local at = math.random(#heads)
  local id = string.format("%04x%04x-%04x-4%03x-a%03x-%04x%04x%04x",
    half(), half(), half(), half() % 4096, half() % 4096, half(), half(), half())
  return heads[at] .. id .. tails[at]
end

function request()
  if size == 0 then
    return wrk.format("POST", nil, nil, one())
  end
  local parts = {}
  for i = 1, size do
    parts[i] = one()
  end
  return wrk.format("POST", nil, nil, "[" .. table.concat(parts, ",") .. "]")
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "errors": %d, "p50_ms": %f, "p95_ms": %f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000))
end
