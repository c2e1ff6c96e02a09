-- The last step of a batch: records how far partitions are done. Without its
-- lease nothing of a partition changes, so a process that was paused past it
-- cannot skip what its successor still has to do.
-- KEYS, five for each partition: lease, position, interest, ingress express, ingress bulk
-- ARGV, four for each: token
--   last express id done, or ''
--   last bulk id done, or ''
--   packed: { position fields to set, position fields to delete,
--             interest fields to set, interest fields to delete }, each a flat list
-- Returns for each 1 when done, 0 without the lease.
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
local function advance(k, a)
  if redis.call('GET', KEYS[k + 1]) ~= ARGV[a + 1] then
    return 0
  end
  local position, interest = KEYS[k + 2], KEYS[k + 3]
  local change = cmsgpack.unpack(ARGV[a + 4])
  each(change[1], 'HSET', position)
  each(change[2], 'HDEL', position)
  each(change[3], 'HSET', interest, '1')
  each(change[4], 'HDEL', interest)
  for lane = 1, 2 do
    local id = ARGV[a + lane + 1]
    if id ~= '' then
      redis.call('HSET', position, lane == 1 and 'express' or 'bulk', id)
      redis.call('XTRIM', KEYS[k + lane + 3], 'MINID', '~', id)
    end
  end
  return 1
end
local done = {}
for n = 0, #KEYS / 5 - 1 do
  done[n + 1] = advance(n * 5, n * 4)
end
return done
