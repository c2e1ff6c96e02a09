-- Tells which MUDs are at one edge, with the channels they listen to, and learns of all others.
--
-- KEYS[1]  hash: edge -> "<Redis milliseconds at which it lapses> <JSON of its MUDs>"
-- ARGV[1]  the edge
-- ARGV[2]  milliseconds for which this holds
-- ARGV[3]  JSON of the edge's MUDs: an object by tenant; empty where it has none
--
-- Returns { tenants that were nowhere before, tenants that are nowhere now, flat list of edge and
-- JSON }. What lapsed is told as gone to exactly one edge: the one that finds it.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local before, after = {}, {}
local views = {}

local function note(set, json)
  for tenant in pairs(cjson.decode(json)) do set[tenant] = true end
end

local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local edge, value = fields[i], fields[i + 1]
  local gap = string.find(value, ' ', 1, true)
  local json = string.sub(value, gap + 1)
  note(before, json)
  if edge ~= ARGV[1] then
    if tonumber(string.sub(value, 1, gap - 1)) <= now then
      redis.call('HDEL', KEYS[1], edge)
    else
      note(after, json)
      views[#views + 1] = edge
      views[#views + 1] = json
    end
  end
end

if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  note(after, ARGV[3])
  views[#views + 1] = ARGV[1]
  views[#views + 1] = ARGV[3]
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + ARGV[2]) .. ' ' .. ARGV[3])
  redis.call('PEXPIRE', KEYS[1], ARGV[2] * 4)
end

local came, gone = {}, {}
for tenant in pairs(after) do if not before[tenant] then came[#came + 1] = tenant end end
for tenant in pairs(before) do if not after[tenant] then gone[#gone + 1] = tenant end end
return { came, gone, views }
