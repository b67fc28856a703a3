--- Writing rows: the methods of tables that change records.

local class = require "ese.class"
local keys = require "ese.keys"
local stream = require "ese.stream"

local INSERT <const>, UPSERT <const>, SET <const>, DELETE <const> = 0, 1, 3, 4 -- ese_model_write_kind
local PREPARE_INSERT <const>, PREPARE_REPLACE <const> = 0, 2
local AUTOINCREMENT <const> = 0x10
local READ_LOCK <const>, WRITE_LOCK <const> = 1, 2

local writing = {}

-- ---- how rows of a table are written

-- Numbers of columns by name, in any spelling; what is no column is an error.
local function numbers_by_name(table_, columns)
   local numbers = {}
   for i, column in ipairs(columns) do
      numbers[column.name] = i
   end
   return setmetatable(numbers, {
      __index = function(_, name)
         if type(name) ~= "string" then
            error("the name of a column is a string, not a " .. type(name), 0)
         end
         return rawget(numbers, table_:column(name).name)
      end,
   })
end

local function make_plan(table_)
   local columns = table_:columns()
   local plan = { inputs = {}, keys = {}, primary = {}, autoincrement = 0, numbers = numbers_by_name(table_, columns) }
   for i, column in ipairs(columns) do
      local is_numbered = column.flags & AUTOINCREMENT ~= 0
      plan.inputs[i] = {
         name = column.name,
         id = column.id,
         type = column.type,
         code_page = column.code_page,
         is_list = column.multi_valued,
         skip_null = is_numbered or column.default == nil,
      }
      if is_numbered then
         plan.autoincrement, plan.numbered = column.id, column.name
      end
   end
   local description = table_:index().description
   for i, segment in ipairs(description and description.segments or {}) do
      plan.primary[i] = segment.column
      plan.keys[i] = plan.numbers[segment.column] - 1
   end
   return plan
end

local function plan_of(table_)
   table_.cache.write_plan = table_.cache.write_plan or make_plan(table_)
   return table_.cache.write_plan
end

local function make_writer(plan, cursor)
   return cursor:writer(plan.inputs, plan.keys, plan.autoincrement)
end

local function write(table_, kind, rows, columns, n_before)
   local plan = plan_of(table_)
   local cache = table_.cache
   cache.writer = cache.writer or make_writer(plan, table_.cursor)
   return cache.writer:write(kind, rows, columns or plan.numbers, keys.null, n_before or 0)
end

-- ---- the methods

---@param Table table the methods of ese.Table
function writing.install(Table)
   local function key_at(self, plan, bookmark)
      local cursor = self.database.handle:open_cursor(self.name)
      local guard <close> = class.closing(cursor) -- luacheck: ignore guard
      cursor:goto_bookmark(bookmark)
      local outputs = {}
      for i, name in ipairs(plan.primary) do
         local column = self:column(name)
         outputs[i] = { column.id, column.type, column.code_page, column.multi_valued }
      end
      local values = cursor:reader(outputs, 2):fetch(1, nil, nil)[1]
      return #plan.primary == 1 and values[1] or values
   end

   -- The primary key of a record just inserted; its bookmark when the table has no primary index.
   local function key_of(self, row, autoincrement, bookmark)
      local plan = plan_of(self)
      if #plan.primary == 0 then
         return bookmark
      end
      local values = {}
      for i, name in ipairs(plan.primary) do
         local value = rawget(row, name)
         if (value == nil or value == keys.null) and name == plan.numbered then
            value = autoincrement
         end
         if value == nil or value == keys.null then
            return key_at(self, plan, bookmark)
         end
         values[i] = value
      end
      return #values == 1 and values[1] or values
   end

   local function check_row(row)
      if type(row) ~= "table" then
         error("a row is a table, not a " .. type(row), 3)
      end
   end

   --- Adds a record: a table of values by column name; NULL is ese.null, several values of a column are an array.
   --- Returns the
   --- primary key (an array when it has several columns), or the bookmark of the record in a table without one.
   function Table:insert(row)
      check_row(row)
      local _, _, autoincrement, bookmark = write(self, INSERT, { row })
      return key_of(self, row, autoincrement, bookmark)
   end

   --- Changes the record with this primary key, or adds it; true when it was added.
   ---@return boolean
   function Table:upsert(row)
      check_row(row)
      local _, n_inserted = write(self, UPSERT, { row })
      return n_inserted == 1
   end

   -- Rows of an array, or of an iterator.
   local function next_row_of(rows)
      if type(rows) == "function" then
         return rows
      end
      local i = 0
      return function()
         i = i + 1
         return rows[i]
      end
   end

   local many_options = { columns = true, batch = true }

   local function write_many(self, kind, rows, options)
      options = class.options(options, many_options, 3)
      local size = options.batch or 1000
      if math.type(size) ~= "integer" or size < 1 then
         error("a batch has at least one row", 3)
      end
      local columns
      for i, name in ipairs(options.columns or {}) do
         columns = columns or {}
         columns[i] = plan_of(self).numbers[name]
      end
      local next_row, n_rows, batch = next_row_of(rows), 0, {}
      while true do
         local row = next_row()
         batch[#batch + 1] = row
         if #batch == size or (row == nil and #batch > 0) then
            n_rows = n_rows + write(self, kind, batch, columns, n_rows)
            batch = {}
         end
         if row == nil then
            return n_rows
         end
      end
   end

   --- Adds many records, and returns how many: an array of rows, or an iterator that gives one at a time. With
   --- `columns`, rows are
   --- arrays of their values. Each batch is one call of the engine and one transaction.
   ---@param options? {columns: string[]?, batch: integer?}
   ---@return integer
   function Table:insert_many(rows, options)
      return write_many(self, INSERT, rows, options)
   end

   --- Changes or adds many records, as insert_many does.
   ---@return integer
   function Table:upsert_many(rows, options)
      return write_many(self, UPSERT, rows, options)
   end

   -- ---- one record in steps

   -- A record in an update: reading gives what it has or gets, assigning collects.
   local function row_of(self, cursor, changes, is_new)
      return setmetatable({}, {
         __name = "ese.Row",
         __index = function(_, name)
            local column = self:column(name)
            local value = changes[column.name]
            if value == nil and not is_new then
               local output = { column.id, column.type, column.code_page, column.multi_valued }
               value = cursor:reader({ output }, 2):fetch(1, nil, nil)[1][1]
            end
            if value == keys.null then
               return nil
            end
            return value
         end,
         __newindex = function(_, name, value)
            changes[self:column(name).name] = value == nil and keys.null or value
         end,
      })
   end

   local function change(self, bookmark, work)
      local database = self.database
      local transaction = database.handle:level() == 0 and database.handle:begin(0) or nil
      local cursor, streams, changes = nil, {}, {}
      local results = table.pack(pcall(function()
         cursor = database.handle:open_cursor(self.name)
         if bookmark then
            cursor:goto_bookmark(bookmark)
         end
         cursor:prepare(bookmark and PREPARE_REPLACE or PREPARE_INSERT)
         work(row_of(self, cursor, changes, not bookmark), function(column, value)
            streams[#streams + 1] = stream.open(cursor, self:column(column), value or 1, true)
            return streams[#streams]
         end)
         if next(changes) then
            local plan = plan_of(self)
            make_writer(plan, cursor):write(SET, { changes }, plan.numbers, keys.null, 0)
         end
         return cursor:update()
      end))
      for _, open in ipairs(streams) do
         open:close()
      end
      if cursor then
         pcall(cursor.close, cursor)
      end
      if transaction and results[1] then
         results = table.pack(pcall(function()
            transaction:commit(0)
            return results[2]
         end))
      end
      if transaction and transaction:is_open() then
         pcall(transaction.rollback, transaction)
      end
      if not results[1] then
         error(results[2], 0)
      end
      return results[2]
   end

   --- Changes a record: `t:update(7, function(row, stream) row.visits = row.visits + 1 end)`, or the current one
   --- without a key. What is
   --- assigned is written when the function returns; an error leaves the record as it was and comes out unchanged.
   --- Assigning
   --- nil makes a column NULL; `stream(column, value)` is a long value as a file. Returns the bookmark, or nil
   --- without such a record.
   function Table:update(key, work)
      if work == nil then
         return change(self, self.cursor:bookmark(), key)
      end
      local next_bookmark, _, _, guard = self:index():equal(key):bookmarks()
      local closing <close> = guard -- luacheck: ignore closing
      local bookmark = next_bookmark()
      return bookmark and change(self, bookmark, work)
   end

   --- Adds a record by a function, as update changes one: for long values written piece by piece. Returns its bookmark.
   function Table:new_row(work)
      return change(self, nil, work)
   end

   --- Deletes the record with this primary key, or the current one; false without such a record.
   ---@return boolean
   function Table:delete(key)
      if key == nil then
         self.cursor:remove()
         return true
      end
      local index = self:index()
      local values = type(key) == "table" and key ~= keys.null and key or { key }
      if #values == #index.types then
         local numbers = {}
         for i, number in ipairs(plan_of(self).keys) do
            numbers[i] = number + 1
         end
         return write(self, DELETE, { values }, numbers) > 0
      end
      return index:equal(key):delete() > 0
   end

   --- Adds to a counter (a column made with `escrow`) of the current record, and returns what it was.
   ---@return integer
   function Table:escrow(column, delta)
      return self.cursor:escrow(self:column(column).id, delta)
   end

   local lock_options = { read = true }

   --- Locks the current record against changes by other sessions until the transaction ends.
   function Table:lock(options)
      self.cursor:lock(class.options(options, lock_options).read and READ_LOCK or WRITE_LOCK)
   end

   --- A long value of the current record as a file to read; of several values, the one of that number.
   ---@return ese.Stream
   function Table:stream(column, value)
      local found = self:column(column)
      local bookmark = self.cursor:bookmark()
      local cursor = self.database.handle:open_cursor(self.name)
      local is_ok, failure = pcall(cursor.goto_bookmark, cursor, bookmark)
      if not is_ok then
         pcall(cursor.close, cursor)
         error(failure, 0)
      end
      return stream.open(cursor, found, value or 1, false, function()
         pcall(cursor.close, cursor)
      end)
   end

   -- ---- changing the schema

   local ddl = require "ese.ddl"

   --- Adds a column: {"mail", "text", size = 100}. Records have its default, or NULL.
   function Table:add_column(description)
      self.cursor:add_column(ddl.column(description))
      self.database:touch()
   end

   --- Deletes a column and its values; JET_errColumnInUse when an index needs it.
   function Table:delete_column(name)
      self.cursor:delete_column(name)
      self.database:touch()
   end

   --- Gives a column another name.
   function Table:rename_column(name, new_name)
      self.cursor:rename_column(name, new_name)
      self.database:touch()
   end

   --- Adds an index: {"byName", "last", "-first", unique = true}.
   function Table:create_index(description)
      self.cursor:create_index(ddl.index(description))
      self.database:touch()
   end

   --- Deletes an index other than the primary one.
   function Table:delete_index(name)
      self.cursor:delete_index(name)
      self.database:touch()
   end
end

return writing
