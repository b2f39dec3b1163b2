-- Counts one request in every window, or in none when one is full. One list of times for each window, oldest
-- first, in microseconds of this server's clock, so that all processes count by one clock.
-- KEYS: the lists. ARGV: now (0: the server's own), 1 to count or 0 to look, then amount and span of each.
-- Answers, for each window: how many are left, microseconds until one more may pass, 1 when it is full.
local now, counts = tonumber(ARGV[1]), ARGV[2] == '1'
if now == 0 then
  local time = redis.call('TIME')
  now = time[1] * 1000000 + time[2]
end
local held, oldest, refused, answer = {}, {}, false, {}
for i, key in ipairs(KEYS) do
  local amount, span = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  -- A crowd that leaves a window at once is forgotten over several requests, never in one long pause.
  for _ = 1, 500 do
    local first = redis.call('LINDEX', key, 0)
    if not first or tonumber(first) > now - span then break end
    redis.call('LPOP', key)
  end
  held[i] = redis.call('LLEN', key)
  local nth = held[i] >= amount and tonumber(redis.call('LINDEX', key, held[i] - amount)) or 0
  answer[3 * i] = nth > now - span and 1 or 0
  refused = refused or answer[3 * i] == 1
end
for i, key in ipairs(KEYS) do
  local amount, span = tonumber(ARGV[2 * i + 1]), tonumber(ARGV[2 * i + 2])
  if counts and not refused then
    redis.call('RPUSH', key, string.format('%.0f', now))
    redis.call('PEXPIRE', key, math.ceil(span / 1000) + 1000)
    held[i] = held[i] + 1
  end
  local nth = redis.call('LINDEX', key, math.max(0, held[i] - amount))
  answer[3 * i - 2] = math.max(0, amount - held[i])
  answer[3 * i - 1] = nth and math.max(0, tonumber(nth) + span - now) or 0
end
return answer
