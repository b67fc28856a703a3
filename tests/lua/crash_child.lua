--- Writes into a database with a log until somebody kills it; test_durable.lua does.
--
-- usage: crash_child.lua STYLE DATABASE LOG
--
-- Transaction n adds the records 2n and 2n + 1, both with the text n. A line with n is printed when its commit has
-- returned. STYLE: durable, lazy (transactions that do not wait), flush (lazy, and a line only after a flush of ten of
-- them), open (ends by itself within a transaction, after three others), dict (a line for each key that was set).
--
-- Pages have 4096 bytes: tests keep their files in memory where they can, and there a kill may tear larger ones.

local ese = require "ese"

local PAGE_SIZE <const> = 4096
local style, path, log = arg[1], arg[2], arg[3]

local function tell(n)
   print(n)
   io.stdout:flush()
end

if style == "dict" then
   ese.open(path, "c", { page_size = PAGE_SIZE, log = log }):close()
   local d <close> = ese.dict(path, { log = log })
   for n = 0, math.maxinteger do
      d.items[n] = tostring(n)
      tell(n)
   end
end

local db <close> = ese.open(path, "c", { page_size = PAGE_SIZE, log = log, log_file_size = 64 << 10 })
local is_there, t = pcall(db.table, db, "t")
if not is_there then
   t = db:create_table("t", { { "id", "long" }, { "text", "long text" } },
      { primary_key = "id", indexes = { { "byText", "text" } } })
end
local options = { lazy = style == "lazy" or style == "flush" }
for n = #t // 2, math.maxinteger do
   db:transaction(function()
      t:insert { id = 2 * n, text = tostring(n) }
      if style == "open" and n % 4 == 3 then
         os.exit(9, false)
      end
      t:insert { id = 2 * n + 1, text = tostring(n) }
   end, options)
   if style == "flush" and n % 10 == 9 then
      db:session():flush()
   end
   if style ~= "flush" or n % 10 == 9 then
      tell(n)
   end
end
