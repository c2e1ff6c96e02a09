-- Says that a router lives, by the clock of the node that keeps the list.
-- KEYS[1] routers, by the time of their last heartbeat
-- ARGV[1] process id, ARGV[2] for how many ms a router counts as alive
-- Returns every router that said so in time.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
return redis.call('ZRANGE', KEYS[1], 0, -1)
