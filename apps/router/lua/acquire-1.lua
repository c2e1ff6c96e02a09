-- Takes a partition's lease when it is free, or when this very process held it before.
-- KEYS[1] lease
-- ARGV[1] process id, ARGV[2] token (starts with the process id), ARGV[3] time to live in ms
-- Returns 1 when the lease is held under the new token, else 0.
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, #ARGV[1]) ~= ARGV[1] then
  return 0
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
