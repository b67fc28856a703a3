--- What a user tries who has not read the documentation: everything has an answer or an error that helps.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local function open()
   return ese.open(paths.database "types-4k")
end

t.case("objects say what they are", function()
   local db <close> = open()
   local notes = db:table "notes"
   t.equal(tostring(notes), "<ese.Table notes>")
   t.equal(tostring(notes:index "ByName"), "<ese.Index notes.ByName>")
   t.is_true(tostring(db):find("types-4k.edb>", 1, true))
   db:close()
   t.is_true(tostring(db):find("(closed)>", 1, true))
end)

t.case("no path, no table, no index are errors", function()
   t.raises_text("a database needs a path", ese.open)
   local db <close> = open()
   t.raises("JET_errInvalidName", db.table, db, nil)
   t.raises_text("no string", db.table, db, 3)
   t.raises_text("the name of an index is a string", function()
      db:table("notes"):index(3)
   end)
end)

t.case("a key has a value", function()
   local db <close> = open()
   local notes = db:table "notes"
   local index = notes:index "ByName"
   for _, work in ipairs { index.get, index.equal, index.prefix } do
      t.raises_text("a key has at least one value", work, index, nil)
      t.raises_text("a key has at least one value", work, index, {})
   end
   t.raises_text("a key has at least one value", index.range, index, {}, "b")
   t.raises_text("a key has at least one value", notes.seek, notes, nil)
   t.raises_text("a key has no values of type function", index.get, index, print)
   t.equal(index:get(ese.null), nil)
   t.equal(#index:range(), #index)
end)

t.case("unknown options are errors", function()
   local db <close> = open()
   local notes = db:table "notes"
   local index = notes:index "ByName"
   t.raises_text('no option "colums"', notes.rows, notes, { colums = { "Id" } })
   t.raises_text('no option "index"', index.rows, index, { index = "ById" })
   t.raises_text('no option "revers"', index.bookmarks, index, { revers = true })
   t.raises_text('no option "include"', index.range, index, "a", "b", { include = true })
   t.raises_text('no option "op"', notes.seek, notes, 1, { op = ">" })
   t.raises_text('no option "damage"', ese.open, paths.database "types-4k", { damage = true })
   t.raises_text('no option "dir"', ese.instance, "x", { dir = paths.scratch })
   t.raises_text("options are a table", ese.open, paths.database "types-4k", true)
   t.raises_text("columns are an array of names", notes.rows, notes, { columns = "Id" })
end)

t.case("moves do not mean more than they say", function()
   local db <close> = open()
   local notes = db:table "notes"
   t.equal(notes:move(0x7FFFFFFE), false)
   for _, rows in ipairs { 0x7FFFFFFF, -0x80000000, 1 << 40, 1.5, "1" } do
      t.raises_text("a move takes an integer", notes.move, notes, rows)
   end
end)

-- Objects of every kind that keep each other alive, dropped in every order that a collector may choose.
t.case("collections at any moment do no harm", function()
   local before = ese.testing.live_allocations()
   collectgarbage("incremental", 100, 1000, 1)
   local kept = {}
   for round = 1, 60 do
      local instance = ese.instance("torture " .. round % 3 .. round, { directory = paths.file "gc", recovery = false })
      local session = instance:session()
      local other = session:dup()
      local db = session:open(paths.database "types-4k")
      local notes = db:table "notes"
      local rows = notes:rows()
      rows()
      local all = { instance, session, other, db, notes, rows, notes:index "ByName" }
      kept = { all[round % #all + 1], kept[1] }
      instance, session, other, db, notes, rows, all = nil, nil, nil, nil, nil, nil, nil -- luacheck: ignore
      if round % 2 == 0 then
         collectgarbage(round % 4 == 0 and "collect" or "step")
      end
   end
   kept = nil -- luacheck: ignore
   collectgarbage()
   collectgarbage()
   require("ese.core").close_orphans()
   collectgarbage("incremental", 200, 100, 13) -- as Lua begins
   t.equal(ese.testing.live_allocations(), before)
end)

t.case("a thread that closes is waited for once, twice, or by the collector", function()
   local function start(name)
      return ese.instance(name, { directory = paths.file "closer", recovery = false })
   end
   local wait = ese.testing.close_elsewhere(start "waited for")
   t.equal(wait(), 0)
   t.equal(wait(), 0)
   ese.testing.close_elsewhere(start "dropped")
   collectgarbage()
   local again <close> = start "dropped"
   t.is_true(not again:closed())
end)
