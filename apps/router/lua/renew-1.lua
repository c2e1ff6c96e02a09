-- Prolongs a lease that is still held.
-- KEYS[1] lease
-- ARGV[1] token, ARGV[2] time to live in ms
-- Returns 1 when held, else 0.
if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
