--- Writes a table as CSV, for a spreadsheet.
--
-- usage: lua5.4 table_to_csv.lua FILE [TABLE]      for example: lua5.4 table_to_csv.lua SRUDB.dat SruDbIdMapTable
--
-- Without a name, the table with the most rows. Bytes become hexadecimal digits, several values are joined by "; ".

local ese = require "ese"

if #arg < 1 or #arg > 2 then
   error("usage: table_to_csv.lua FILE [TABLE]", 0)
end

local binary = {
   [ese.const.JET_coltypBinary] = true,
   [ese.const.JET_coltypLongBinary] = true,
}

local function cell(column, value)
   if value == nil then
      return ""
   elseif type(value) == "table" then
      local items = {}
      for i, item in ipairs(value) do
         items[i] = cell(column, item)
      end
      return table.concat(items, "; ")
   elseif column.type == ese.const.JET_coltypDateTime and ese.date(value) then
      local date = ese.date(value)
      return ("%04d-%02d-%02d %02d:%02d:%02d"):format(date.year, date.month, date.day, date.hour, date.min, date.sec)
   elseif binary[column.type] then
      return (value:gsub(".", function(byte)
         return ("%02x"):format(byte:byte())
      end))
   end
   return tostring(value)
end

local function quoted(text)
   return text:find '[",\r\n]' and '"' .. text:gsub('"', '""') .. '"' or text
end

local db <close> = ese.open(arg[1])
local name = arg[2]
if not name then
   local most = -1
   for _, candidate in ipairs(db:tables()) do
      local count = #db:table(candidate)
      if count > most then
         name, most = candidate, count
      end
   end
end

local source = db:table(name)
local columns = source:columns()
local line = {}
for i, column in ipairs(columns) do
   line[i] = quoted(column.name)
end
print(table.concat(line, ","))
for row in source:rows { tuples = true } do
   for i, column in ipairs(columns) do
      line[i] = quoted(cell(column, row[i]))
   end
   print(table.concat(line, ","))
end
