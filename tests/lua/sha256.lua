--- SHA-256 of a string, in hexadecimal digits (FIPS 180-4). Slow, and enough for the tests.

-- The first 32 bits of the fractional parts of the roots of the first primes.
local function fractions(count, exponent)
   local found, candidate = {}, 2
   while #found < count do
      local is_prime = true
      for divisor = 2, math.floor(candidate ^ 0.5) do
         is_prime = is_prime and candidate % divisor ~= 0
      end
      if is_prime then
         found[#found + 1] = math.floor(candidate ^ exponent % 1 * 2 ^ 32)
      end
      candidate = candidate + 1
   end
   return found
end

local ROUNDS = fractions(64, 1 / 3)
local START = fractions(8, 1 / 2)

local function rotate(x, n)
   return (x >> n | x << (32 - n)) & 0xFFFFFFFF
end

local function schedule(text, at)
   local w = { string.unpack(">" .. ("I4"):rep(16), text, at) }
   w[17] = nil
   for i = 17, 64 do
      local a, b = w[i - 15], w[i - 2]
      local s0 = rotate(a, 7) ~ rotate(a, 18) ~ a >> 3
      local s1 = rotate(b, 17) ~ rotate(b, 19) ~ b >> 10
      w[i] = w[i - 16] + s0 + w[i - 7] + s1 & 0xFFFFFFFF
   end
   return w
end

local function compress(state, w)
   local a, b, c, d, e, f, g, h = table.unpack(state)
   for i = 1, 64 do
      local s1 = rotate(e, 6) ~ rotate(e, 11) ~ rotate(e, 25)
      local t1 = h + s1 + (e & f ~ ~e & g) + ROUNDS[i] + w[i]
      local s0 = rotate(a, 2) ~ rotate(a, 13) ~ rotate(a, 22)
      local t2 = s0 + (a & b ~ a & c ~ b & c)
      a, b, c, d, e, f, g, h = t1 + t2 & 0xFFFFFFFF, a, b, c, d + t1 & 0xFFFFFFFF, e, f, g
   end
   for i, value in ipairs { a, b, c, d, e, f, g, h } do
      state[i] = state[i] + value & 0xFFFFFFFF
   end
end

return function(text)
   local padded = text .. "\x80" .. ("\0"):rep((55 - #text) % 64) .. string.pack(">I8", #text * 8)
   local state = table.move(START, 1, 8, 1, {})
   for at = 1, #padded, 64 do
      compress(state, schedule(padded, at))
   end
   return (("%08x"):rep(8):format(table.unpack(state)))
end
