--- Shows what is in a database: its tables and the first rows of each.
--
-- usage: lua5.4 quickstart.lua FILE

local ese = require "ese"

if #arg ~= 1 then
   error("usage: quickstart.lua FILE", 0)
end

local function show(value)
   if type(value) == "table" then
      local items = {}
      for i, item in ipairs(value) do
         items[i] = show(item)
      end
      return "{" .. table.concat(items, ", ") .. "}"
   elseif type(value) == "string" and not utf8.len(value) then
      return ("%d bytes"):format(#value)
   end
   return tostring(value)
end

local db <close> = ese.open(arg[1])
local info = db:info()
print(("%s: %d bytes, pages of %d"):format(arg[1], info.size, info.page_size))
for _, name in ipairs(db:tables()) do
   local source = db:table(name)
   print(("\n%s: %d rows"):format(name, #source))
   local shown = 0
   for row in source:rows() do
      local items = {}
      for _, column in ipairs(source:columns()) do
         if row[column.name] ~= nil then
            items[#items + 1] = column.name .. " = " .. show(row[column.name])
         end
      end
      print("   " .. table.concat(items, ", "))
      shown = shown + 1
      if shown == 3 then
         break -- leaving the loop closes its cursor
      end
   end
end
