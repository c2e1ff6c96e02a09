--[[
  Takes tokens from a bucket that the whole cluster shares. A key that is not
  there is a full bucket, so losing Redis' data never refuses anyone.

  KEYS[1] hash: tokens, at (milliseconds)

  ARGV[1] tokens that come back a second
  ARGV[2] tokens the bucket holds
  ARGV[3] tokens wanted; negative: brought back unused

  Returns {tokens given, milliseconds until there is another}
]]
local rate, burst, wanted = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local time = redis.call("TIME")
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local state = redis.call("HMGET", KEYS[1], "tokens", "at")
local tokens = tonumber(state[1]) or burst
local at = tonumber(state[2]) or now
tokens = math.min(burst, tokens + math.max(0, now - at) * rate / 1000)

local given = math.min(wanted, math.floor(tokens))
tokens = math.min(burst, tokens - given)

redis.call("HSET", KEYS[1], "tokens", tokens, "at", now)
redis.call("PEXPIRE", KEYS[1], math.ceil((burst - tokens) * 1000 / rate) + 1000)

local wait = 0
if tokens < 1 then wait = math.ceil((1 - tokens) * 1000 / rate) end
return {given, wait}
