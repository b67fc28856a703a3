--- Prints the content of a database as JSON lines, through the Lua module.
--
-- usage: dump.lua [--all-tables] [--damaged] [--logs=FOLDER] FILE
--
-- One line for each record, in primary order, then one for each secondary index; see tests/support/edb/expected.py.

package.path = arg[0]:gsub("[^/]*$", "") .. "?.lua;" .. package.path

local ese = require "ese"
local sha256 = require "sha256"

local LONGEST_ORDER <const> = 2000

-- ---- JSON

local escapes = { ['"'] = '\\"', ["\\"] = "\\\\" }

local function json_text(text)
   if not text:find '[%c"\\\x7F-\xFF]' then
      return '"' .. text .. '"'
   end
   local out = {}
   for _, point in utf8.codes(text, true) do -- lone surrogates, too
      if point >= 0x10000 then
         out[#out + 1] = ("\\u%04x\\u%04x"):format(0xD800 + (point - 0x10000 >> 10), 0xDC00 + (point & 0x3FF))
      elseif point < 0x20 or point > 0x7E then
         out[#out + 1] = ("\\u%04x"):format(point)
      else
         local char = string.char(point)
         out[#out + 1] = escapes[char] or char
      end
   end
   return '"' .. table.concat(out) .. '"'
end

local function hex(bytes)
   return (bytes:gsub(".", function(byte)
      return ("%02x"):format(byte:byte())
   end))
end

local function json_unsigned(value)
   if value >= 0 then
      return tostring(value)
   end
   local tenth = (value >> 1) // 5
   return tostring(tenth) .. tostring(value - tenth * 10)
end

local function json_double(value)
   if value ~= value then
      return '{"double": "nan"}'
   end
   return ('{"double": "%s"}'):format(("%a"):format(value))
end

local text_types = { [10] = true, [12] = true, [16] = true }
local UNSIGNED_LONG_LONG <const> = 18

local function json_value(column, value)
   local kind = math.type(value) or type(value)
   if kind == "table" then
      local items = {}
      for i, item in ipairs(value) do
         items[i] = json_value(column, item)
      end
      return "[" .. table.concat(items, ", ") .. "]"
   elseif kind == "float" then
      return json_double(value)
   elseif kind == "string" then
      -- without the terminating zero that some applications store
      return text_types[column.type] and json_text((value:gsub("%z$", ""))) or ('{"hex": "%s"}'):format(hex(value))
   elseif column.type == UNSIGNED_LONG_LONG then
      return json_unsigned(value)
   end
   return tostring(value)
end

-- ---- tables

local function print_rows(source, name)
   local columns = source:columns()
   for row in source:rows { tuples = true } do
      local items = {}
      for i, column in ipairs(columns) do
         if row[i] ~= nil then
            items[#items + 1] = json_text(column.name) .. ": " .. json_value(column, row[i])
         end
      end
      print(('{"table": %s, "row": {%s}}'):format(json_text(name), table.concat(items, ", ")))
   end
end

local function index_content(order)
   if #order <= LONGEST_ORDER then
      for i, bookmark in ipairs(order) do
         order[i] = '"' .. hex(bookmark) .. '"'
      end
      return ('"order": [%s]'):format(table.concat(order, ", "))
   end
   for i, bookmark in ipairs(order) do
      order[i] = string.pack("<s4", bookmark)
   end
   return ('"count": %d, "sha256": "%s"'):format(#order, sha256(table.concat(order)))
end

local function print_indexes(source, name)
   for _, index in ipairs(source:indexes()) do
      if not index.primary then
         local order = {}
         for bookmark in source:index(index.name):bookmarks() do
            order[#order + 1] = bookmark
         end
         print(('{"table": %s, "index": %s, %s}'):format(json_text(name), json_text(index.name), index_content(order)))
      end
   end
end

local options = {}
for _, argument in ipairs(arg) do
   local name, value = argument:match "^%-%-([^=]*)=?(.*)"
   options[name or "file"] = name == nil and argument or value == "" or value
end
local db <close> = ese.open(options.file, { damaged = options.damaged, logs = options.logs })
local names = db:tables()
if options["all-tables"] then
   table.move(db:system_tables(), 1, #db:system_tables(), #names + 1, names)
end
table.sort(names)
for _, name in ipairs(names) do
   local source = db:table(name)
   print_rows(source, name)
   print_indexes(source, name)
end
