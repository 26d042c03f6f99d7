-- Posts statements under fresh ids: `wrk … -s load.lua URL -- TEMPLATES SIZE SEED` where TEMPLATES has one
-- statement a line with a placeholder for its id and SIZE is the number of statements in a request (0: one, bare).
-- `… SEED METHOD QUERIES` sends what METHOD says to query strings drawn from the lines of a file; a GET has no body.

local PLACEHOLDER = "00000000%-0000%-4000%-8000%-000000000000"
local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  size = tonumber(args[2])
  method = args[4] or "POST"
  queries = {}
  if args[5] then
    for line in io.lines(args[5]) do
      queries[#queries + 1] = line
    end
  end
  math.randomseed(tonumber(args[3]) * 1000 + number)
  heads, tails = {}, {}
  for line in io.lines(args[1]) do
    local from, to = line:find(PLACEHOLDER)
    heads[#heads + 1] = from and line:sub(1, from - 1) or line
    tails[#heads] = from and line:sub(to + 1) or false
  end
end

local function half()
  return math.random(0, 65535)
end

local function one()
  local at = math.random(#heads)
  if not tails[at] then
    return heads[at]
  end
  local id = string.format("%04x%04x-%04x-4%03x-a%03x-%04x%04x%04x",
    half(), half(), half(), half() % 4096, half() % 4096, half(), half(), half())
  return heads[at] .. id .. tails[at]
end

local function body()
  if method == "GET" then
    return nil
  end
  if size == 0 then
    return one()
  end
  local parts = {}
  for i = 1, size do
    parts[i] = one()
  end
  return "[" .. table.concat(parts, ",") .. "]"
end

function request()
  local path = wrk.path
  if #queries > 0 then
    path = path .. "?" .. queries[math.random(#queries)]
  end
  return wrk.format(method, path, nil, body())
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format('RESULT {"requests": %d, "seconds": %f, "errors": %d, "p50_ms": %f, "p95_ms": %f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(95) / 1000))
end
