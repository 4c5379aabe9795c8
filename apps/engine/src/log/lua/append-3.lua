-- One update becomes durable and is announced, in one step (LOG1, LOG8).
-- KEYS  1 log stream   2 meta   3 live channel
-- ARGV  1 epoch   2 the caller's last known seq   3 update   4 largest update (bytes) that travels with the message
--       5 the run of this Redis
-- Returns the new entry's id "epoch-seq"; false when this log is not the one the caller knows (LOG3): it is gone,
-- a later epoch has begun, its epoch began before Redis was restarted, or it ends before what the caller has
-- already seen. Then nothing was written.
local run, large = unpack(redis.call('HMGET', KEYS[2], 'run', 'large'))
if run ~= ARGV[5] then
  return false
end
-- In ms, put together from the digits of seconds and microseconds: numbers would have to be read and written again.
local now = redis.call('TIME')
local at = now[1] .. string.sub('00000' .. now[2], -6, -4)
local id = redis.pcall('XADD', KEYS[1], 'NOMKSTREAM', ARGV[1] .. '-*', 't', at, 'u', ARGV[3])
if type(id) ~= 'string' then
  if type(id) == 'table' and not string.find(id.err, 'equal or smaller', 1, true) then
    return id
  end
  return false
end
local seq = tonumber(string.sub(id, #ARGV[1] + 2))
if seq <= tonumber(ARGV[2]) then
  -- Taken back whole: were the id left behind, the log would seem to reach further after each try.
  redis.call('XDEL', KEYS[1], id)
  if seq > 0 then
    redis.call('XSETID', KEYS[1], string.format('%s-%.0f', ARGV[1], seq - 1))
  end
  return false
end
redis.call('PERSIST', KEYS[1])
redis.call('PERSIST', KEYS[2])
local body = ARGV[3]
if #body > tonumber(ARGV[4]) then
  body = ''
  redis.call('HSET', KEYS[2], 'large', id, 'largeAt', at, 'last', id)
elseif large then
  redis.call('HSET', KEYS[2], 'last', id)
end
redis.call('SPUBLISH', KEYS[3], string.char(#id) .. id .. body)
return id
