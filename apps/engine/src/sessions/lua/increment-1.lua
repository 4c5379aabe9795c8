-- Adds 1 to a count, whose time begins with the first.
-- KEYS  1 count
-- ARGV  1 time to live in ms
-- Returns the sum.
local sum = redis.call('INCR', KEYS[1])
if sum == 1 then
  redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return sum
