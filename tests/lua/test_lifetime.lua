--- Objects in the wrong order: errors, never a crash, and nothing left behind.
-- luacheck: ignore 512 (loops that are left at once are what is tested)

local core = require "ese.core"
local ese = require "ese"
local paths = require "paths"
local t = require "harness"

t.case("everything is refused once the database is closed", function()
   local db = ese.open(paths.database "types-4k")
   local notes = db:table "notes"
   local index = notes:index "ByName"
   local next_row = notes:rows()
   next_row()
   db:close()
   db:close()
   t.raises("JET_errInvalidDatabaseId", db.table, db, "notes")
   t.raises("JET_errInvalidDatabaseId", db.tables, db)
   t.raises("JET_errInvalidTableId", notes.first, notes)
   t.raises("JET_errInvalidTableId", notes.record, notes)
   t.raises("JET_errInvalidDatabaseId", index.rows, index)
   t.raises("JET_errInvalidTableId", function()
      for _ = 1, 100 do
         next_row()
      end
   end)
end)

t.case("the end of an instance closes all below it", function()
   local instance = ese.instance("end", { directory = paths.file "instance", recovery = false })
   local session = instance:session()
   local db = session:open(paths.database "types-4k")
   local notes = db:table "notes"
   instance:close()
   t.is_true(instance:closed() and session:closed() and db:closed())
   t.raises("JET_errInvalidTableId", notes.first, notes)
end)

local function permutations(list, n, visit)
   if n == 0 then
      return visit(list)
   end
   for i = 1, n do
      list[i], list[n] = list[n], list[i]
      permutations(list, n - 1, visit)
      list[i], list[n] = list[n], list[i]
   end
end

t.case("handles may die in any order", function()
   core.close_orphans()
   local before = ese.testing.live_allocations()
   permutations({ 1, 2, 3, 4, 5 }, 5, function(order)
      local handles = {}
      handles[1] = core.create_instance "order"
      handles[1]:set_parameter(34, 0, "off")
      handles[1]:start(0, nil)
      handles[2] = handles[1]:begin_session()
      handles[3] = handles[2]:open_database(paths.database "small-4k", 0, 0)
      handles[4] = handles[3]:open_cursor "notes"
      handles[5] = handles[2]:begin(0)
      for _, dying in ipairs(order) do
         handles[dying] = false
         collectgarbage()
      end
      core.close_orphans()
   end)
   t.equal(ese.testing.live_allocations(), before)
end)

t.case("leaving a loop early closes its cursor", function()
   local db <close> = ese.open(paths.database "types-4k")
   local notes = db:table "notes"
   for _ in notes:rows() do
      break
   end
   local before = ese.testing.live_allocations()
   for _ = 1, 100 do
      for _ in notes:rows() do
         break
      end
   end
   t.equal(ese.testing.live_allocations(), before)
end)

t.case("an error in a loop closes its cursor", function()
   local db <close> = ese.open(paths.database "types-4k")
   local notes = db:table "notes"
   local function fail()
      for _ in notes:rows() do
         error "enough"
      end
   end
   pcall(fail)
   local before = ese.testing.live_allocations()
   for _ = 1, 20 do
      pcall(fail)
   end
   t.equal(ese.testing.live_allocations(), before)
end)

t.case("rows outlive their database", function()
   local row
   do
      local db <close> = ese.open(paths.database "types-4k")
      for found in db:table("types"):rows() do
         row = found
         break
      end
   end
   collectgarbage()
   t.equal(row.Text, "Text of row 1")
end)

t.case("unknown fields are errors, also when set", function()
   local db <close> = ese.open(paths.database "small-4k")
   t.raises_text("has no field nobody", function()
      return db.nobody
   end)
   t.raises_text("takes no field nobody", function()
      db.nobody = 1
   end)
   t.raises_text("ese has no field nobody", function()
      return ese.nobody
   end)
   t.raises_text("no constant JET_nobody", function()
      return ese.const.JET_nobody
   end)
end)

t.case("nothing becomes global", function()
   for name in pairs(_G) do
      t.is_true(not name:find "^ese" and name ~= "core")
   end
end)

t.case("out of memory anywhere leaves a usable process", function()
   local path = paths.database "small-4k"
   local function count()
      local db <close> = ese.open(path)
      local n = 0
      for _ in db:table("notes"):rows() do
         n = n + 1
      end
      return n
   end
   local expected = count()
   local before = ese.testing.live_allocations()
   local nth, found = 0, nil
   repeat
      nth = nth + 1
      local is_ok, result = pcall(ese.testing.fault, "alloc", count, { nth = nth })
      collectgarbage()
      core.close_orphans()
      t.equal(ese.testing.live_allocations(), before)
      if is_ok then
         found = result
      else
         t.equal(result.name, "JET_errOutOfMemory")
      end
   until found
   t.equal(found, expected)
end)
