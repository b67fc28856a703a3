--- Keys: from values to the form the core takes.

local keys = {}

local COLTYP_GUID = 16

-- ese_model_side: where a key stands among the entries that match it
keys.EXACTLY, keys.BEFORE, keys.AFTER, keys.BEFORE_PREFIX, keys.AFTER_PREFIX = 0, 1, 2, 3, 4

keys.null = setmetatable({}, {
   __name = "ese.null",
   __tostring = function()
      return "ese.null"
   end,
})

--- No bound.
keys.open = { n = 0, side = keys.BEFORE }

-- the first three fields of a GUID are stored in little-endian order
local function guid_bytes(text)
   local hex = text:gsub("[-{}]", "")
   if #hex ~= 32 or hex:find "%X" then
      error("no GUID: " .. text, 0)
   end
   local bytes = hex:gsub("%x%x", function(pair)
      return string.char(tonumber(pair, 16))
   end)
   return bytes:sub(1, 4):reverse() .. bytes:sub(5, 6):reverse() .. bytes:sub(7, 8):reverse() .. bytes:sub(9)
end

--- A key of one value, or of an array of values, for the columns whose types are given.
function keys.make(value, segments, side)
   local values = value
   if type(value) ~= "table" or value == keys.null then
      values = { value }
   end
   if #values == 0 then
      error("a key has at least one value; NULL is ese.null", 0)
   end
   local key = { n = #values, side = side }
   for i = 1, #values do
      local item = values[i]
      if item ~= keys.null then
         if segments[i] and segments[i][1] == COLTYP_GUID and type(item) == "string" and #item ~= 16 then
            item = guid_bytes(item)
         end
         key[i] = item
      end
   end
   return key
end

return keys
