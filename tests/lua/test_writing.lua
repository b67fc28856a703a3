--- Creating and changing databases: records, batches, schemas, transactions, long values. The same scenarios as in
--- Python.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local n_stores = 0

local function new_path()
   n_stores = n_stores + 1
   return paths.file("store" .. n_stores .. ".edb")
end

-- A new database with a table of people.
local function with_store(work)
   local db <close> = ese.open(new_path(), "w")
   local people = db:create_table("people", {
      { "id", "long", autoincrement = true },
      { "name", "text", size = 100, not_null = true },
      { "born", "DateTime" },
      { "visits", "long", default = 0 },
      { "tags", "long text", multi_valued = true },
      { "photo", "long binary" },
   }, { primary_key = "id", indexes = { { "byName", "name" }, { "byTag", "tags", ignore_null = true } } })
   work(people, db)
end

local function names(table_, options)
   local found = {}
   for row in table_:rows(options) do
      found[#found + 1] = row.name
   end
   return found
end

-- ---- records

t.case("insert gives the key of the record, and what is inserted is read", function()
   with_store(function(people)
      t.equal(people:insert { name = "Ada", tags = { "poet", "engine" }, photo = "\x89PNG\0", born = -30698.5 }, 1)
      t.equal(people:insert { NAME = "Gräce", visits = 3 }, 2)
      local ada = people:get(1)
      t.equal(ada.tags, { "poet", "engine" })
      t.equal({ ada.photo, ada.born, ada.visits }, { "\x89PNG\0", -30698.5, 0 })
      t.equal(people:get(2).name, "Gräce")
      t.equal(people:get(3), nil)
      t.equal(#people, 2)
      t.equal(names(people, { index = "byTag" }), { "Ada", "Ada" })
   end)
end)

t.case("keys of several columns, of defaults, and none", function()
   with_store(function(_, db)
      local columns = { { "a", "long" }, { "b", "long text" } }
      local pairs_ = db:create_table("pairs", columns, { primary_key = { "a", "-b" } })
      t.equal(pairs_:insert { a = 1, b = "x" }, { 1, "x" })
      local given = db:create_table("given", { { "n", "long", default = 7 } }, { primary_key = "n" })
      t.equal(given:insert {}, 7)
      local heap = db:create_table("heap", { { "n", "long long" } })
      heap:insert { n = 3 }
      heap:goto_bookmark(heap:insert { n = 1 })
      t.equal(heap:record().n, 1)
   end)
end)

t.case("refused records leave nothing", function()
   with_store(function(people)
      people:insert { id = 5, name = "Ada" }
      local function refused(name, row)
         t.raises(name, people.insert, people, row)
      end
      refused("JET_errKeyDuplicate", { id = 5, name = "again" })
      refused("JET_errNullInvalid", { visits = 1 })
      refused("JET_errNullInvalid", { name = ese.null })
      refused("JET_errColumnTooBig", { name = ("x"):rep(101) })
      refused("JET_errInvalidParameter", { name = 3 })
      refused("JET_errInvalidParameter", { name = "x", visits = 1 << 31 })
      refused("JET_errInvalidParameter", { name = "x", visits = 1.5 })
      refused("JET_errInvalidParameter", { name = "\xff" })
      refused("JET_errColumnNotFound", { name = "x", nickname = "y" })
      t.raises_text("holds one value", people.insert, people, { name = { "x", "y" } })
      t.raises_text("has no values of type function", people.insert, people, { name = print })
      t.raises_text("a row is a table", people.insert, people, "x")
      t.equal(names(people), { "Ada" })
      t.is_true(people:insert { name = "next" } > 5)
   end)
end)

t.case("values of every type come back as they were", function()
   with_store(function(_, db)
      local values = {
         Bit = true, UnsignedByte = 255, Short = -32768, UnsignedShort = 65535, Long = -0x80000000,
         UnsignedLong = 0xFFFFFFFF, LongLong = math.mininteger, UnsignedLongLong = math.maxinteger, Currency = 125000,
         Single = 0.5, Double = 1e300,
         DateTime = 40000.25, GUID = "6f1c1d2e-58a3-4f0e-9d53-0a5b3c7e1801", Binary = "", Text = "ünïcödé 🦊",
         LongBinary = ("\0x"):rep(50000), LongText = ("y"):rep(100000),
      } -- stylua: ignore
      local columns = {}
      for name in pairs(values) do
         columns[#columns + 1] = { name, name }
      end
      local all = db:create_table("all", columns)
      all:insert(values)
      all:first()
      t.equal(setmetatable(all:record(), nil), values)
      t.raises("JET_errInvalidParameter", all.insert, all, { GUID = "no guid" })
      all:insert { DateTime = { year = 1969, month = 7, day = 20, hour = 20, min = 17, sec = 40 } }
      all:last()
      local date = ese.date(all:record().DateTime)
      t.equal({ date.year, date.month, date.day, date.hour, date.min, date.sec }, { 1969, 7, 20, 20, 17, 40 })
   end)
end)

t.case("batches of rows, from arrays and iterators", function()
   with_store(function(people)
      local n = 0
      t.equal(people:insert_many(function()
         n = n + 1
         return n <= 2500 and { name = "n" .. n, visits = n } or nil
      end), 2500)
      t.equal(people:insert_many({ { "a", 1 }, { "b" } }, { columns = { "name", "visits" }, batch = 1 }), 2)
      t.equal(#people, 2502)
      t.equal(people:insert_many {}, 0)
      t.raises("JET_errColumnNotFound", people.insert_many, people, { {} }, { columns = { "nickname" } })
      t.raises_text("at least one row", people.insert_many, people, {}, { batch = 0 })
      local failure = t.raises("JET_errKeyDuplicate", people.insert_many, people, {
         { id = 9001, name = "x" }, { id = 9002, name = "x" }, { id = 9001, name = "x" },
      }, { batch = 2 }) -- stylua: ignore
      t.is_true(failure.message:find("row 3", 1, true))
      t.equal(#people, 2504)
   end)
end)

t.case("upsert adds and then changes", function()
   with_store(function(people)
      t.equal(people:upsert { id = 7, name = "Ada", tags = { "a", "b" } }, true)
      t.equal(people:upsert { id = 7, visits = 2, tags = { "z" } }, false)
      local row = people:get(7)
      t.equal({ row.name, row.visits, row.tags }, { "Ada", 2, { "z" } })
      people:upsert { id = 7, visits = ese.null, tags = ese.null }
      t.equal({ people:get(7).visits, people:get(7).tags }, {})
      t.equal(people:upsert_many({ { 7, "new" }, { 8, "other" } }, { columns = { "id", "name" } }), 2)
      t.equal(names(people), { "new", "other" })
      t.raises_text("primary key", people.upsert, people, { name = "x" })
   end)
end)

t.case("update of a record in a function", function()
   with_store(function(people)
      people:insert { name = "Ada", tags = { "a" } }
      people:update(1, function(row)
         row.visits = row.visits + 1
         row.tags = nil
         t.equal(row.name, "Ada")
      end)
      t.equal({ people:get(1).visits, people:get(1).tags }, { 1 })
      local is_ok, failure = pcall(people.update, people, 1, function(row)
         row.name = "Nobody"
         error("enough", 0)
      end)
      t.equal({ is_ok, failure }, { false, "enough" })
      t.equal(names(people), { "Ada" })
      t.equal(people.database:session():level(), 0)
      t.equal(people:update(99, print), nil)
      people:first()
      people:goto_bookmark(people:update(function(row)
         row.name = "Lovelace"
      end))
      t.equal(people:record().name, "Lovelace")
      people:new_row(function(row)
         row.name = "new"
      end)
      t.equal(names(people), { "Lovelace", "new" })
   end)
end)

t.case("delete by key, of the current record, of ranges", function()
   with_store(function(people)
      for i = 1, 30 do
         people:insert { name = ("n%02d"):format(i) }
      end
      t.equal({ people:delete(3), people:delete(3) }, { true, false })
      people:first()
      people:delete()
      t.equal(people:index():range(10, 20):delete(), 10)
      t.equal(people:index("byName"):prefix("n2"):delete(), 10)
      t.equal(people:index("byName"):equal("x"):delete(), 0)
      t.equal(people:index():delete(), 8)
      t.equal(#people, 0)
   end)
end)

t.case("counters and locks", function()
   with_store(function(_, db)
      local counters = db:create_table("counters", { { "n", "long", escrow = true, not_null = true, default = 0 } })
      counters:insert {}
      counters:first()
      t.equal({ counters:escrow("n", 5), counters:escrow("n", -2), counters:record().n }, { 0, 5, 3 })
      db:transaction(function()
         counters:lock()
      end)
   end)
end)

-- ---- long values

t.case("long values are files", function()
   with_store(function(people)
      people:goto_bookmark(people:new_row(function(row, stream)
         row.name = "Ada"
         local photo = stream "photo"
         for i = 1, 20000 do
            photo:write("line ", i, "\n")
         end
      end))
      local photo <close> = people:stream "photo"
      t.equal(photo:read(), "line 1")
      t.equal(photo:read "L", "line 2\n")
      t.equal(photo:read(4), "line")
      t.equal(photo:seek "cur", 18)
      t.equal(photo:seek("end", -12), photo:size() - 12)
      t.equal(photo:read "a", "\nline 20000\n")
      t.equal(photo:read(1), nil)
      photo:seek "set"
      local n = 0
      for line in photo:lines() do
         n = n + 1
         t.equal(line, "line " .. n)
      end
      t.equal(n, 20000)
      t.raises_text("written in an update", photo.write, photo, "x")
      people:update(1, function(_, stream)
         local file = stream "photo"
         file:write "LINE"
         file:seek("set", 10)
         file:truncate()
         file:seek("set", 12)
         file:write "!"
      end)
      t.equal(people:get(1).photo, "LINE 1\nlin\0\0!")
      photo:close()
      t.raises_text("closed stream", photo.read, photo)
   end)
end)

-- ---- schemas and databases

t.case("modes of opening", function()
   local path = new_path()
   t.raises("JET_errFileNotFound", ese.open, path, "r+")
   do
      local db <close> = ese.open(path, "c", { page_size = 4096 })
      db:create_table("t", { { "n", "long" } })
      t.equal(db:info().page_size, 4096)
   end
   t.raises("JET_errDatabaseDuplicate", ese.open, path, "x")
   do
      local db <close> = ese.open(path, "r+")
      t.equal(db:tables(), { "t" })
      db:rename_table("t", "u")
      t.raises("JET_errTableDuplicate", db.create_table, db, "U")
      db:delete_table "u"
      t.equal(#db, 0)
      t.is_true(db:resize(500) >= 500)
   end
   t.raises_text("a mode is one of", ese.open, path, "rw")
   t.raises_text("can only be read", ese.open, path, "r+", { damaged = true })
end)

t.case("columns and indexes come and go", function()
   with_store(function(people, db)
      people:insert { name = "Ada" }
      local other = db:table "people"
      people:add_column { "mail", "text", default = "?" }
      t.equal(other:get(1).mail, "?")
      people:rename_column("mail", "address")
      people:create_index { "byAddress", "-address", "name", unique = true }
      t.equal(other:index("byAddress"):get({ "?", "Ada" }).id, 1)
      t.raises("JET_errColumnInUse", people.delete_column, people, "address")
      people:delete_index "byAddress"
      people:delete_column "address"
      t.raises_text("no column address", function()
         return people:get(1).address
      end)
      local copy = db:create_table("copy", people:columns(), { indexes = people:indexes() })
      t.equal(#copy:indexes(), #people:indexes())
      t.raises_text("no type of columns", db.create_table, db, "x", { { "n", "longish" } })
      t.raises_text('no option "sise"', db.create_table, db, "x", { { "n", "text", sise = 3 } })
      t.raises_text("at least one column", people.create_index, people, { "none" })
   end)
end)

-- ---- transactions

t.case("transactions commit, roll back, nest", function()
   with_store(function(people, db)
      t.equal(db:transaction(function()
         people:insert { name = "kept" }
         local is_ok = pcall(db.transaction, db, function()
            people:insert { name = "lost" }
            error("enough", 0)
         end)
         people:insert { name = "after" }
         return is_ok
      end), false)
      t.equal(names(people), { "kept", "after" })
      t.raises("JET_errTransReadOnly", db.transaction, db, function()
         people:insert { name = "x" }
      end, { read_only = true })
      t.equal(#people, 2)
   end)
end)

t.case("a session sees what was committed when it began, and the first writer wins", function()
   local instance <close> = ese.instance("pair", { directory = paths.file "pair", recovery = false, page_size = 8192 })
   local first <close> = instance:session()
   local second <close> = first:dup()
   local path = new_path()
   local one <close> = first:open(path, "w")
   local mine = one:create_table("t", { { "k", "long" }, { "name", "text" } }, { primary_key = "k" })
   mine:insert_many({ { 1, "a" }, { 2, "b" } }, { columns = { "k", "name" } })
   local two <close> = second:open(path, "r+")
   local theirs = two:table "t"
   second:transaction(function()
      t.equal(names(theirs), { "a", "b" })
      mine:upsert { k = 1, name = "new" }
      mine:insert { k = 3, name = "c" }
      t.equal(names(theirs), { "a", "b" })
      t.raises("JET_errWriteConflict", theirs.upsert, theirs, { k = 1, name = "theirs" })
   end)
   t.equal(names(theirs), { "new", "b", "c" })
end)
