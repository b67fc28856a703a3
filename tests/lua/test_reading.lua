--- Databases, tables, rows, indexes and ranges, on the databases of tests/support/edb/fixtures.py.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local function with_types(work)
   local db <close> = ese.open(paths.database "types-4k")
   return work(db)
end

local function collect(iterator, state, control, closing)
   local found = {}
   for item in iterator, state, control, closing do
      found[#found + 1] = item
   end
   return found
end

local function column(name, ...)
   local found = {}
   for _, row in ipairs(collect(...)) do
      found[#found + 1] = row[name]
   end
   return found
end

local function reversed(list)
   local found = {}
   for i = #list, 1, -1 do
      found[#found + 1] = list[i]
   end
   return found
end

local function filter(list, keep)
   local found = {}
   for _, item in ipairs(list) do
      if keep(item) then
         found[#found + 1] = item
      end
   end
   return found
end

t.case("a database lists its tables and says what its header says", function()
   with_types(function(db)
      t.equal(db:tables(), { "empty", "heap", "localized", "notes", "nothing", "types", "types-common" })
      t.equal(#db, 7)
      t.equal(db:info().page_size, 4096)
      t.equal(db:info().state, ese.const.JET_dbstateCleanShutdown)
      t.raises("JET_errObjectNotFound", db.table, db, "nobody")
   end)
end)

t.case("columns and indexes are values", function()
   with_types(function(db)
      local found = db:table("types"):column "DefaultText"
      t.equal(found.type, ese.const.JET_coltypText)
      t.equal(found.code_page, 1252)
      t.equal(found.default, "as ever")
      t.is_true(db:table("types"):column("ManyLongs").multi_valued)
      t.raises("JET_errColumnNotFound", db:table("types").column, db:table "types", "nobody")
      local indexes = {}
      for _, index in ipairs(db:table("notes"):indexes()) do
         indexes[index.name] = index
      end
      t.is_true(indexes.ById.primary and indexes.ById.unique)
      t.equal(indexes.ByGroupDown.segments, {
         { column = "Group", descending = true },
         { column = "Name", descending = false },
      })
      t.equal(indexes.ByGroupIfDone.conditions, { { column = "Done", must_be_null = false } })
      t.equal(indexes.ByPiece.tuple_limits.length_max, 4)
      t.raises("JET_errIndexNotFound", db:table("notes").index, db:table "notes", "nobody")
   end)
end)

t.case("values have the types of the table in the documentation", function()
   with_types(function(db)
      local row = collect(db:table("types"):rows())[1]
      t.equal(row.Bit, true)
      t.equal(row.Currency, -1337133713371337)
      t.equal(row.LongLong, -9000000000000000000)
      t.equal(row.Single, -1.5)
      t.equal(row.Guid, "00000001-1234-5678-9abc-0123456789ab")
      t.equal(row.Unicode, "Ünïcødé 1 🦊")
      t.equal(row.ManyLongs, { 1, -1, 2147483647 })
      t.equal(row.ManyBits, { false, true })
      local date = ese.date(row.DateTime)
      t.equal(date, { year = 2001, month = 2, day = 4, hour = 4, min = 30, sec = 0, usec = 0 })
   end)
end)

t.case("64-bit integers are exact and unsigned ones keep their bits", function()
   with_types(function(db)
      local rows = collect(db:table("types"):rows())
      t.equal(rows[13].Currency, math.mininteger)
      t.equal(rows[14].Currency, math.maxinteger)
      t.equal(rows[14].LongLong, math.maxinteger)
      t.equal(rows[14].UnsignedLongLong, -1)
      t.equal(rows[14].UnsignedLong, 4294967295)
      t.equal(math.type(rows[13].Bit), nil)
   end)
end)

t.case("NULL is nil, an empty value is not, and an unknown column is an error", function()
   with_types(function(db)
      local row = collect(db:table("types"):rows())[15]
      t.equal(row.Bit, nil)
      t.equal(row.Text, "")
      t.equal(row.Binary, "")
      t.raises_text("no column nobody", function()
         return row.nobody
      end)
   end)
end)

t.case("a date that is none is nil", function()
   t.equal(ese.date(-1.7976931348623157e308), nil)
   t.equal(ese.date(1e-300), nil)
   t.equal(ese.date(0 / 0), nil)
   t.equal(ese.date(0.0), { year = 1899, month = 12, day = 30, hour = 0, min = 0, sec = 0, usec = 0 })
   t.equal(ese.date(-1.25), { year = 1899, month = 12, day = 29, hour = 6, min = 0, sec = 0, usec = 0 })
end)

t.case("tuples, chosen columns, raw values and reverse order", function()
   with_types(function(db)
      local types = db:table "types"
      t.equal(collect(types:rows { columns = { "Long", "Text" }, tuples = true })[1], { -1000001, "Text of row 1" })
      t.equal(collect(types:rows { columns = { "text" } })[1], { Text = "Text of row 1" })
      local stored = collect(types:rows { columns = { "Long" }, tuples = true, raw = true })[1]
      t.equal(stored, { string.pack("<i4", -1000001) })
      t.equal(column("Id", types:rows { reverse = true }), reversed(column("Id", types:rows())))
   end)
end)

t.case("tables without rows, columns or indexes", function()
   with_types(function(db)
      t.equal(collect(db:table("empty"):rows()), {})
      t.equal(#db:table "empty", 0)
      t.equal(collect(db:table("nothing"):rows { tuples = true }), { {}, {} })
      t.equal(#db:table "heap", 30)
   end)
end)

t.case("ranges include the lower and exclude the upper end", function()
   with_types(function(db)
      local index = db:table("notes"):index "ByName"
      local every = column("Name", index:rows())
      local expected = filter(every, function(name)
         return "c" <= name and name < "m"
      end)
      t.equal(column("Name", index:range("c", "m"):rows()), expected)
      t.equal(column("Name", index:range("c", "m"):rows { reverse = true }), reversed(expected))
      t.equal(#index:range("c", "m"), #expected)
      t.equal(collect(index:range("m", "c"):rows()), {})
      t.equal(column("Name", index:range():rows()), every)
      t.equal(
         column("Name", index:prefix("la"):rows()),
         filter(every, function(name)
            return name:sub(1, 2) == "la"
         end)
      )
   end)
end)

t.case("a key finds its record, and a missing one nil", function()
   with_types(function(db)
      local notes = db:table "notes"
      local by_name = notes:index "ByName"
      for row in notes:rows() do
         t.equal(notes:index():get(row.Id), row)
         if row.Name then
            t.equal(by_name:get(row.Name), row)
         end
      end
      t.equal(by_name:get "nobody", nil)
      local nulls = column("Id", notes:index("ByGroupDown"):equal({ ese.null }):rows())
      t.is_true(#nulls > 0)
      for row in notes:rows() do
         if row.Name and row.Group then
            t.equal(notes:index("ByGroupDown"):get { row.Group, row.Name }, row)
         end
         t.equal(#notes:index("ByGuid"):equal(row.Key), 1)
      end
   end)
end)

t.case("a Unicode index follows the weights of Windows", function()
   with_types(function(db)
      local index = db:table("localized"):index "ByName"
      t.equal(column("Name", index:range("a", "b"):rows()), { "apple", "APRICOT" })
      t.equal(index:get("ZEBRA").Name, "Zebra")
   end)
end)

t.case("keys of the wrong type are refused", function()
   with_types(function(db)
      local index = db:table("notes"):index()
      t.raises("JET_errInvalidParameter", index.get, index, 2 ^ 31 | 0)
      t.raises("JET_errInvalidParameter", index.get, index, 1.5)
      t.raises("JET_errInvalidParameter", index.get, index, { 1, 2 })
      t.raises_text("no values of type function", index.get, index, print)
   end)
end)

t.case("seek says where it ended", function()
   with_types(function(db)
      local notes = db:table "notes"
      local ids = column("Id", notes:rows())
      t.equal(notes:seek(ids[4]), "exact")
      t.equal(notes:record().Id, ids[4])
      t.equal(notes:seek(ids[4] + 1), false)
      t.equal(notes:seek(ids[4] + 1, { relation = ">=" }), "greater")
      t.equal(notes:record().Id, ids[5])
      t.equal(notes:seek(ids[4] + 1, { relation = "<=" }), "less")
      t.equal(notes:seek(ids[#ids], { relation = ">" }), false)
   end)
end)

t.case("moves and bookmarks", function()
   with_types(function(db)
      local notes <close> = db:table "notes"
      local ids = column("Id", notes:rows())
      t.is_true(notes:first() and notes:move(10))
      t.equal(notes:record().Id, ids[11])
      local bookmark = notes:bookmark()
      t.is_true(notes:last() and not notes:move(1))
      t.raises("JET_errNoCurrentRecord", notes.record, notes)
      notes:goto_bookmark(bookmark)
      t.equal(notes:record().Id, ids[11])
   end)
end)

t.case("every index walks both ways", function()
   local db <close> = ese.open(paths.database "deep-4k")
   for _, name in ipairs(db:tables()) do
      local source = db:table(name)
      for _, description in ipairs(source:indexes()) do
         local index = source:index(description.name)
         local forward = collect(index:bookmarks())
         t.equal(collect(index:bookmarks { reverse = true }), reversed(forward))
         t.equal(#index, #forward)
      end
   end
end)
