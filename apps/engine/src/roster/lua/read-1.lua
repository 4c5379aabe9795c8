-- What all processes say of themselves. What is too old is removed: its process was killed.
-- KEYS  1 hash of all processes
-- ARGV  1 ms after which a report is forgotten
-- Returns {age in ms, status, age in ms, status, …}.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local all = redis.call('HGETALL', KEYS[1])
local found = {}
for i = 1, #all, 2 do
  local at, status = string.match(all[i + 1], '^(%d+):(.*)$')
  local age = at and math.max(now - tonumber(at), 0)
  if age and age <= tonumber(ARGV[1]) then
    found[#found + 1] = age
    found[#found + 1] = status
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return found
