--- Walks a part of an index: only the pages of that part are read, however large the table is.
--
-- usage: lua5.4 index_range.lua FILE [TABLE INDEX FROM [TO]]
--
-- Without more arguments, the first half of the first usable index is shown. Keys that look like integers are integers.

local ese = require "ese"

if #arg < 1 or #arg == 2 or #arg == 3 or #arg > 5 then
   error("usage: index_range.lua FILE [TABLE INDEX FROM [TO]]", 0)
end

local db <close> = ese.open(arg[1])

local function key(text)
   return text and (math.tointeger(tonumber(text)) or text)
end

-- The primary index of the first table that has one and rows, and the key in the middle of it.
local function some_index()
   for _, name in ipairs(db:tables()) do
      local index = db:table(name):index()
      if index.description and #index > 0 then
         local column, at = index.description.segments[1].column, 0
         for row in index:rows { columns = { column } } do
            at = at + 1
            if at > #index // 2 then
               return index, row[column]
            end
         end
      end
   end
   error("no table has both an index and rows", 0)
end

local index, lower, upper
if #arg > 1 then
   index, lower, upper = db:table(arg[2]):index(arg[3]), key(arg[4]), key(arg[5])
else
   index, upper = some_index()
end
local range = index:range(lower, upper)
print(("%d of %d entries of %s:"):format(#range, #index, tostring(index)))
for row in range:rows() do
   local items = {}
   for i, segment in ipairs(index.description.segments) do
      items[i] = segment.column .. "=" .. tostring(row[segment.column])
   end
   print(table.concat(items, " "))
end
