--- Shows what is in a database: its tables and the first rows of each.
--
-- usage: lua5.4 quickstart.lua FILE

local ese = require "ese"

if #arg ~= 1 then
   error("usage: quickstart.lua FILE", 0)
end

local DATE <const> = ese.const.JET_coltypDateTime

-- A value in a few words: lists item by item, dates as such, of long or binary values only the size.
local function show(value, column)
   if type(value) == "table" then
      local items = {}
      for i, item in ipairs(value) do
         items[i] = show(item, column)
      end
      return "{" .. table.concat(items, ", ") .. "}"
   elseif type(value) == "string" and (#value > 80 or not utf8.len(value)) then
      return ("(%d bytes)"):format(#value)
   elseif column.type == DATE and ese.date(value) then
      local date = ese.date(value)
      return ("%04d-%02d-%02d %02d:%02d:%02d"):format(date.year, date.month, date.day, date.hour, date.min, date.sec)
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
            items[#items + 1] = column.name .. " = " .. show(row[column.name], column)
         end
      end
      print("   " .. table.concat(items, ", "))
      shown = shown + 1
      if shown == 3 then
         break -- leaving the loop closes its cursor
      end
   end
end
