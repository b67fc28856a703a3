--- Tables, their indexes, and ranges of them.

local class = require "ese.class"
local core = require "ese.core"
local keys = require "ese.keys"
local writing = require "ese.writing"

local FROM_FIRST <const>, FROM_LAST <const>, FROM_HERE <const>, FROM_HERE_BACKWARD <const> = 0, 1, 2, 3
local MOVE_FIRST <const>, MOVE_LAST <const> = -0x80000000, 0x7FFFFFFF
local TYPE_RAW <const> = 11 -- binary: bytes, unchanged
local FIRST_BATCH <const>, LARGEST_BATCH <const> = 8, 1024

---@class ese.Table
local Table, table_metatable = class.new("ese.Table", function(self)
   return self.name
end)

---@class ese.Range
local Range, range_metatable = class.new("ese.Range", function(self)
   return "of " .. tostring(self.index)
end)

---@class ese.Index: ese.Range
local Index, index_metatable = class.new("ese.Index", function(self)
   return self.table.name .. "." .. (self.description and self.description.name or "(none)")
end)

local tables = {}

local function find_named(list, name)
   for _, item in ipairs(list) do
      if item.name == name then
         return item
      end
   end
   local folded = name:lower()
   for _, item in ipairs(list) do
      if item.name:lower() == folded then
         return item
      end
   end
   return nil
end

local COLUMN_NOT_FOUND <const>, INDEX_NOT_FOUND <const> = -1507, -1404

local function fail_missing(self, code, what)
   error(core.make_error(code, ("table %s has no %s"):format(self.name, what)), 0)
end

---@return ese.Table
function tables.open(database, name)
   local cursor = database.handle:open_cursor(name)
   local cache = { version = database.state.version }
   return setmetatable({ database = database, name = name, cursor = cursor, cache = cache }, table_metatable)
end

table_metatable.__close = function(self)
   self:close()
end

table_metatable.__len = function(self)
   return self:count()
end

--- Closes the cursor of the table now; otherwise the database does.
function Table:close()
   self.cursor:close()
end

-- Forgets what was read of the schema when it was changed since, through the same database.
local function follow(self)
   local version = self.database.state.version
   if self.cache.version ~= version then
      for name in pairs(self.cache) do
         self.cache[name] = nil
      end
      self.cache.version = version
   end
end

--- The columns in the order of their ids: {name, id, type, code_page, size, flags, multi_valued, default}.
---@return table[]
function Table:columns()
   follow(self)
   self.cache.columns = self.cache.columns or self.cursor:columns()
   return self.cache.columns
end

--- The indexes in name order: {name, segments, flags, unique, primary, key_most, conditions, tuple_limits, locale, …}.
---@return table[]
function Table:indexes()
   follow(self)
   self.cache.indexes = self.cache.indexes or self.cursor:indexes()
   return self.cache.indexes
end

--- The column of that name; JET_errColumnNotFound.
function Table:column(name)
   local column = find_named(self:columns(), name)
   return column or fail_missing(self, COLUMN_NOT_FOUND, "column " .. name)
end

local function primary_of(self)
   for _, description in ipairs(self:indexes()) do
      if description.primary then
         return description
      end
   end
   return nil
end

local function types_of(self, description)
   local types = {}
   for i, segment in ipairs(description and description.segments or {}) do
      local column = self:column(segment.column)
      types[i] = { column.type, column.code_page }
   end
   return types
end

--- An index by name, or the primary one; JET_errIndexNotFound.
---@return ese.Index
function Table:index(name)
   local description
   if name ~= nil and type(name) ~= "string" then
      error("the name of an index is a string", 2)
   elseif name then
      description = find_named(self:indexes(), name) or fail_missing(self, INDEX_NOT_FOUND, "index " .. name)
   else
      description = primary_of(self)
   end
   local index = { table = self, description = description or false, types = types_of(self, description) }
   index.index, index.lower, index.upper = index, keys.open, keys.open
   return setmetatable(index, index_metatable)
end

local row_options = { columns = true, raw = true, tuples = true, reverse = true }
local table_row_options = setmetatable({ index = true }, { __index = row_options })

--- The records in the order of an index, for `for`.
---@param options? {columns: string[]?, index: string?, raw: boolean?, tuples: boolean?, reverse: boolean?}
function Table:rows(options)
   options = class.options(options, table_row_options)
   local rest = {}
   for name, value in pairs(options) do
      rest[name] = name ~= "index" and value or nil
   end
   return self:index(options.index):rows(rest)
end

--- How many records there are.
---@return integer
function Table:count()
   return self:index():count()
end

-- ---- one record at a time

local relations = {
   ["=="] = { 0x1, keys.EXACTLY },
   ["<"] = { 0x2, keys.BEFORE },
   ["<="] = { 0x4, keys.AFTER },
   [">="] = { 0x8, keys.BEFORE },
   [">"] = { 0x10, keys.AFTER },
}
local results = { [0] = false, "exact", "greater", "less" }

local function make_current(index, cursor)
   local description = index.description
   cursor:set_index(description and not description.primary and description.name or nil, index.types)
end

local seek_options = { index = true, relation = true }

--- Looks for a key in an index: a value, or an array for several columns. "exact", "greater", "less", or false.
---@param key any
---@param options? {index: string?, relation: string?}
---@return "exact"|"greater"|"less"|false
function Table:seek(key, options)
   options = class.options(options, seek_options)
   local index = self:index(options.index)
   local relation = relations[options.relation or "=="] or error("relation is one of == < <= >= >", 2)
   make_current(index, self.cursor)
   local exact = keys.make(key, index.types, keys.EXACTLY)
   if exact.n == #index.types then
      return results[self.cursor:seek(exact, relation[1])]
   elseif relation[1] == 1 then
      local before, after = keys.make(key, index.types, keys.BEFORE), keys.make(key, index.types, keys.AFTER)
      return self.cursor:select(before, after, false) and "exact"
   end
   return results[self.cursor:seek(keys.make(key, index.types, relation[2]), relation[1])]
end

--- Moves by so many records; false, and no record, when there are not so many.
function Table:move(rows)
   if math.type(rows) ~= "integer" or rows <= MOVE_FIRST or rows >= MOVE_LAST then
      error("a move takes an integer nearer to zero than 2^31 - 1", 2)
   end
   return self.cursor:move(rows)
end

--- Moves to the first record; false in an empty table.
function Table:first()
   return self.cursor:move(MOVE_FIRST)
end

--- Moves to the last record; false in an empty table.
function Table:last()
   return self.cursor:move(MOVE_LAST)
end

--- Names the record on which the table stands, for goto_bookmark.
---@return string
function Table:bookmark()
   return self.cursor:bookmark()
end

--- Moves to the record that a bookmark names.
function Table:goto_bookmark(bookmark)
   self.cursor:goto_bookmark(bookmark)
end

-- ---- reading

-- A row is a plain table; reading a column that it lacks is an error, unless the value is NULL.
local function row_metatable(known)
   return {
      __name = "ese.Row",
      __index = function(_, name)
         if not known[name] then
            error("the row has no column " .. tostring(name), 2)
         end
         return nil
      end,
   }
end

local function make_plan(self, options)
   options = options or {}
   local columns = self:columns()
   if options.columns ~= nil and type(options.columns) ~= "table" then
      error("columns are an array of names", 3)
   elseif options.columns then
      columns = {}
      for i, name in ipairs(options.columns) do
         columns[i] = self:column(name)
      end
   end
   local plan = { outputs = {} }
   local known, names = {}, {}
   for i, column in ipairs(columns) do
      plan.outputs[i] = { column.id, options.raw and TYPE_RAW or column.type, column.code_page, column.multi_valued }
      names[i], known[column.name] = column.name, true
   end
   if not options.tuples then
      plan.names, plan.metatable = names, row_metatable(known)
   end
   return plan
end

local function read_one(self, cursor)
   follow(self)
   self.cache.plan = self.cache.plan or make_plan(self)
   local plan = self.cache.plan
   return cursor:reader(plan.outputs, FROM_HERE):fetch(1, plan.names, plan.metatable)[1]
end

-- Readers of single records by primary key, on cursors of their own; `names` tells them from those of the dictionary.
local function point_of(self, name, plan)
   follow(self)
   local points = self.cache.points or {}
   self.cache.points = points
   if not points[name] then
      local cursor = self.database.handle:open_cursor(self.name)
      local index = self:index()
      make_current(index, cursor)
      points[name] = { reader = cursor:reader(plan.outputs, FROM_HERE), types = index.types }
   end
   return points[name]
end

--- Looks for a whole primary key: the record as the plan says, or nil. A rollback closes the cursors that were
--- opened in its transaction: then another one looks again.
function tables.fetch(self, name, plan, key)
   local point = point_of(self, name, plan)
   local is_ok, row = pcall(point.reader.fetch_key, point.reader, key(point.types), plan.names, plan.metatable)
   if not is_ok and type(row) == "table" and row.name == "JET_errInvalidTableId" then
      self.cache.points[name] = nil
      point = point_of(self, name, plan)
      return point.reader:fetch_key(key(point.types), plan.names, plan.metatable)
   elseif not is_ok then
      error(row, 0)
   end
   return row
end

--- The record with this primary key, or nil.
---@return table?
function Table:get(key)
   follow(self)
   self.cache.plan = self.cache.plan or make_plan(self)
   local n = type(key) == "table" and key ~= keys.null and #key or 1
   if n ~= #self:index().types then
      return self:index():get(key)
   end
   return tables.fetch(self, "record", self.cache.plan, function(types)
      return keys.make(key, types, keys.EXACTLY)
   end)
end

--- The record on which the table stands; JET_errNoCurrentRecord.
---@return table
function Table:record()
   return read_one(self, self.cursor)
end

-- A cursor of its own at the beginning of the range, and where reading begins; nil for an empty range.
local function open_range(range, is_backward)
   local index = range.index
   local cursor = index.table.database.handle:open_cursor(index.table.name)
   make_current(index, cursor)
   if range.lower.n == 0 and range.upper.n == 0 then
      return cursor, is_backward and FROM_LAST or FROM_FIRST
   elseif cursor:select(range.lower, range.upper, is_backward) then
      return cursor, is_backward and FROM_HERE_BACKWARD or FROM_HERE
   end
   cursor:close()
   return nil
end

-- Leaving a loop early closes the cursor, and so does its end.
local closer = class.closing

--- The records of the range, for `for`: tables by column name, or arrays with `tuples`.
---@param options? {columns: string[]?, raw: boolean?, tuples: boolean?, reverse: boolean?}
function Range:rows(options)
   options = class.options(options, row_options)
   local plan = make_plan(self.index.table, options)
   local cursor, start = open_range(self, options.reverse or false)
   if not cursor then
      return function() end
   end
   local reader = cursor:reader(plan.outputs, start)
   local names, metatable = plan.names, plan.metatable
   local batch, at, size = {}, 0, FIRST_BATCH
   local function next_row()
      at = at + 1
      local row = batch[at]
      if row then
         return row
      end
      batch, at = reader:fetch(size, names, metatable), 1
      size = math.min(4 * size, LARGEST_BATCH)
      if batch[1] == nil then
         cursor:close()
         return nil
      end
      return batch[1]
   end
   return next_row, nil, nil, closer(cursor)
end

local bookmark_options = { reverse = true }

--- The bookmark of the record of each entry, for `for`.
---@param options? {reverse: boolean?}
function Range:bookmarks(options)
   local is_backward = class.options(options, bookmark_options).reverse or false
   local cursor, start = open_range(self, is_backward)
   if not cursor then
      return function() end
   end
   local first_move = start == FROM_FIRST and MOVE_FIRST or start == FROM_LAST and MOVE_LAST or 0
   local is_begun = false
   local function next_bookmark()
      local rows = is_begun and (is_backward and -1 or 1) or first_move
      is_begun = true
      if rows ~= 0 and not cursor:move(rows) then
         cursor:close()
         return nil
      end
      return cursor:bookmark()
   end
   return next_bookmark, nil, nil, closer(cursor)
end

-- What `work` counts from the first record of the range on; 0 when there is none.
local function count_from_first(range, work)
   local cursor, start = open_range(range, false)
   if not cursor then
      return 0
   end
   local guard <close> = closer(cursor) -- luacheck: ignore guard
   if start == FROM_FIRST and not cursor:move(MOVE_FIRST) then
      return 0
   end
   return work(cursor)
end

--- Deletes all these records, or none after an error; returns how many there were.
---@return integer
function Range:delete()
   return count_from_first(self, function(cursor)
      return cursor:remove_all()
   end)
end

--- How many entries there are.
---@return integer
function Range:count()
   return count_from_first(self, function(cursor)
      return cursor:count()
   end)
end

writing.install(Table)

for name, method in pairs(Range) do
   Index[name] = method
end

range_metatable.__len = Range.count
index_metatable.__len = Range.count

-- ---- ranges

local function range_of(index, lower, upper)
   return setmetatable({ index = index, lower = lower, upper = upper }, range_metatable)
end

local range_options = { include_lower = true, include_upper = true }

--- Entries from `lower` (included) to `upper` (not included); nil is no bound.
---@param options? {include_lower: boolean?, include_upper: boolean?}
---@return ese.Range
function Index:range(lower, upper, options)
   options = class.options(options, range_options)
   local lower_side = options.include_lower == false and keys.AFTER or keys.BEFORE
   local upper_side = options.include_upper and keys.AFTER or keys.BEFORE
   return range_of(
      self,
      lower == nil and keys.open or keys.make(lower, self.types, lower_side),
      upper == nil and keys.open or keys.make(upper, self.types, upper_side)
   )
end

--- All entries with this key, or with this beginning of a key of several columns.
---@return ese.Range
function Index:equal(key)
   return range_of(self, keys.make(key, self.types, keys.BEFORE), keys.make(key, self.types, keys.AFTER))
end

--- All entries whose last given column, a text or binary one, begins with the value given.
---@return ese.Range
function Index:prefix(key)
   local lower = keys.make(key, self.types, keys.BEFORE_PREFIX)
   return range_of(self, lower, keys.make(key, self.types, keys.AFTER_PREFIX))
end

--- The first record with this key, or nil.
---@return table?
function Index:get(key)
   local cursor = open_range(self:equal(key), false)
   if not cursor then
      return nil
   end
   local guard <close> = closer(cursor) -- luacheck: ignore guard
   return read_one(self.table, cursor)
end

return tables
