-- The last step of a batch: records how far the partition is done. Without the
-- lease nothing changes, so a process that was paused past its lease cannot skip
-- what its successor still has to do.
-- KEYS[1] lease, KEYS[2] position, KEYS[3] interest, KEYS[4] ingress express, KEYS[5] ingress bulk
-- ARGV[1] token
-- ARGV[2] last express id done, or ''
-- ARGV[3] last bulk id done, or ''
-- ARGV[4] packed: { position fields to set, position fields to delete,
--                   interest fields to set, interest fields to delete }, each a flat list
-- Returns 1 when done, 0 without the lease.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
local function each(list, verb, key, tail)
  -- unpack() is bounded by Lua's stack
  for first = 1, #list, 1000 do
    local args = {}
    for i = first, math.min(first + 999, #list) do
      args[#args + 1] = list[i]
      if tail then args[#args + 1] = tail end
    end
    redis.call(verb, key, unpack(args))
  end
end
local change = cmsgpack.unpack(ARGV[4])
each(change[1], 'HSET', KEYS[2])
each(change[2], 'HDEL', KEYS[2])
each(change[3], 'HSET', KEYS[3], '1')
each(change[4], 'HDEL', KEYS[3])
for lane = 1, 2 do
  local id = ARGV[lane + 1]
  if id ~= '' then
    redis.call('HSET', KEYS[2], lane == 1 and 'express' or 'bulk', id)
    redis.call('XTRIM', KEYS[lane + 3], 'MINID', '~', id)
  end
end
return 1
