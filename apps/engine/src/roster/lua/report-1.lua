-- Writes down what a process says of itself, with the time of this Redis.
-- KEYS  1 hash of all processes
-- ARGV  1 id of the process   2 its status   3 ms after which a roster without reports is forgotten
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f:', now) .. ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
