--- What tables are made of: columns and indexes, from short descriptions to the form the core takes.

local class = require "ese.class"

local ddl = {}

local types = {
   bit = 1, unsignedbyte = 2, byte = 2, short = 3, long = 4, currency = 5, single = 6, double = 7, datetime = 8,
   binary = 9, text = 10, longbinary = 11, longtext = 12, unsignedlong = 14, longlong = 15, guid = 16,
   unsignedshort = 17, unsignedlonglong = 18,
} -- stylua: ignore
local TEXT <const>, LONG_TEXT <const> = 10, 12
local UTF16 <const> = 1200
local PRIMARY <const> = 0x2
local COPIED_FLAGS <const> = ~(0x20 | 0x2000) -- without JET_bitColumnUpdatable and MaybeNull
local TAGGED <const>, MULTI_VALUED <const> = 0x2, 0x400
local DEFAULT_MAP_FLAGS <const> = 0x30401 -- a sort key, without regard to case, kana type and width

local column_flags = {
   fixed = 0x1, tagged = TAGGED, not_null = 0x4, version = 0x8, autoincrement = 0x10,
   multi_valued = MULTI_VALUED | TAGGED, escrow = 0x800, compressed = 0x80000,
} -- stylua: ignore
local column_options = { size = true, default = true, code_page = true, flags = true }
local index_flags = {
   unique = 0x1, disallow_null = 0x4, ignore_null = 0x8, ignore_any_null = 0x20, ignore_first_null = 0x40,
   sort_nulls_high = 0x400, tuples = 0x1000, cross_product = 0x4000, disallow_truncation = 0x10000,
   nested_table = 0x20000,
} -- stylua: ignore
local index_options = {
   locale = true, map_flags = true, key_most = true, density = true, flags = true, when = true, when_null = true,
} -- stylua: ignore

-- The named part of a description: flags that are set, and options.
local function split(description, flags, options, level)
   local bits, chosen = math.type(description.flags) == "integer" and description.flags or 0, {}
   for name, value in pairs(description) do
      if flags[name] then
         bits = bits | (value and flags[name] or 0)
      elseif options[name] then
         chosen[name] = value
      elseif math.type(name) ~= "integer" then
         error(("there is no option %q"):format(tostring(name)), level + 1)
      end
   end
   return bits, chosen
end

--- A column: {"name", "long text", size =, default =, code_page =, not_null =, multi_valued =, autoincrement =, …},
--- or the
--- description of a column of another table.
function ddl.column(description)
   if type(description) ~= "table" then
      error("a column is a table {name, type}", 3)
   elseif description.id then
      return {
         name = description.name, type = description.type, code_page = description.code_page, size = description.size,
         flags = description.flags & COPIED_FLAGS, default = description.default, is_stored = true,
      } -- stylua: ignore
   end
   local title = description[2]
   local number = math.type(title) == "integer" and title
      or types[tostring(title):lower():gsub("[ _]", "")]
      or error("there is no type of columns " .. tostring(title), 3)
   local flags, options = split(description, column_flags, column_options, 3)
   return {
      name = description[1],
      type = number,
      code_page = (number == TEXT or number == LONG_TEXT) and (options.code_page or UTF16) or 0,
      size = options.size or 0,
      flags = flags,
      default = options.default,
   }
end

function ddl.columns(descriptions)
   local made = {}
   for i, description in ipairs(descriptions or {}) do
      made[i] = ddl.column(description)
   end
   return made
end

local function list(names)
   return type(names) == "table" and names or { names }
end

-- "name" or "+name" or "-name"
local function segments(names)
   local made = {}
   for i, name in ipairs(names) do
      made[i] = { column = name:gsub("^[+-]", ""), descending = name:sub(1, 1) == "-" }
   end
   return made
end

--- An index: {"name", "column", "-column", unique =, ignore_null =, when =, locale =, …}, or the description of
--- another one.
function ddl.index(description, is_primary)
   if type(description) ~= "table" then
      error("an index is a table {name, column, …}", 3)
   elseif description.segments then
      return description
   end
   local flags, options = split(description, index_flags, index_options, 3)
   local conditions = {}
   for _, column in ipairs(list(options.when)) do
      conditions[#conditions + 1] = { column = column, must_be_null = false }
   end
   for _, column in ipairs(list(options.when_null)) do
      conditions[#conditions + 1] = { column = column, must_be_null = true }
   end
   local made = {
      name = description[1],
      flags = flags | (is_primary and PRIMARY or 0),
      segments = segments(table.move(description, 2, #description, 1, {})),
      conditions = conditions,
      tuple_limits = type(description.tuples) == "table" and description.tuples or nil,
      locale = options.locale or "",
      map_flags = options.map_flags or (options.locale and DEFAULT_MAP_FLAGS) or 0,
      key_most = options.key_most or 0,
      density = options.density or 0,
   }
   if #made.segments == 0 then
      error("an index has at least one column", 3)
   end
   return made
end

-- "id", { "a", "-b" }, or the same with options
local function primary(key)
   local description = { "primary" }
   for name, value in pairs(list(key)) do
      description[math.type(name) == "integer" and name + 1 or name] = value
   end
   return ddl.index(description, true)
end

--- The indexes of a new table, the primary one first.
function ddl.indexes(descriptions, primary_key)
   local made = {}
   if primary_key then
      made[1] = primary(primary_key)
   end
   for _, description in ipairs(descriptions or {}) do
      local index = ddl.index(description)
      table.insert(made, index.flags & PRIMARY ~= 0 and 1 or #made + 1, index)
   end
   return made
end

local table_options = {
   primary_key = true, indexes = true, template = true, pages = true, density = true, flags = true,
} -- stylua: ignore

--- Makes a table in the database that a handle of the core stands for.
function ddl.create_table(handle, name, columns, options)
   options = class.options(options, table_options, 3)
   handle:create_table(
      name,
      options.template,
      options.pages or 0,
      options.density or 0,
      options.flags or 0,
      ddl.columns(columns),
      ddl.indexes(options.indexes, options.primary_key)
   )
end

return ddl
