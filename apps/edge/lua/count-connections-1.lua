--[[
  Says how many connections of a tenant an edge has open, and asks for more. The
  edge gives its own number each time, so a call that got lost does no harm; what
  an edge does not repeat in time lapses, so a dead one leaves nothing behind.

  KEYS[1] hash: edge instance -> <open>:<milliseconds at which this lapses>

  ARGV[1] edge instance
  ARGV[2] connections it has open
  ARGV[3] connections it would open
  ARGV[4] connections the tenant may have
  ARGV[5] milliseconds after which this lapses

  Returns {connections it may open, connections open at other edges, other edges}
]]
local instance, open, wanted = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])
local limit, ttl = tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local others, edges = 0, 0
local all = redis.call("HGETALL", KEYS[1])
for i = 1, #all, 2 do
  if all[i] ~= instance then
    local count, lapses = string.match(all[i + 1], "^(%d+):(%d+)$")
    if tonumber(lapses) <= now then
      redis.call("HDEL", KEYS[1], all[i])
    else
      others = others + tonumber(count)
      edges = edges + 1
    end
  end
end

local given = math.max(0, math.min(wanted, limit - others - open))
if open + given > 0 then
  redis.call("HSET", KEYS[1], instance, string.format("%d:%d", open + given, now + ttl))
  redis.call("PEXPIRE", KEYS[1], ttl)
else
  redis.call("HDEL", KEYS[1], instance)
end
return {given, others, edges}
