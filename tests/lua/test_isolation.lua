--- What transactions must not see, each anomaly tried with two sessions in turns; and a bank whose sum never changes.

local ese = require "ese"
local paths = require "paths"
local t = require "harness"

local ACCOUNTS <const>, OPENING <const>, TELLERS <const>, TRANSFERS <const> = 32, 1000, 4, 60

-- Calls `work` with one table of (id, number) in two sessions, the second one a duplicate of the first.
local function with_pair(work)
   local path = paths.file "isolation.edb"
   local instance <close> = ese.instance("isolation", { directory = paths.file "isolation", recovery = false })
   local first <close> = instance:session()
   local second <close> = first:dup()
   local one <close> = first:open(path, "w")
   local table_one = one:create_table("t", { { "id", "long" }, { "number", "long" } },
      { primary_key = "id", indexes = { { "byNumber", "number" } } })
   table_one:insert_many({ { 1, 99 }, { 3, 97 }, { 5, 95 }, { 7, 93 }, { 9, 91 } }, { columns = { "id", "number" } })
   local two <close> = second:open(path, "r+")
   work({ session = first, db = one, t = table_one }, { session = second, db = two, t = two:table "t" })
end

local function ids(source)
   local found = {}
   for row in source:rows() do
      found[#found + 1] = row.id
   end
   return found
end

local function number_of(side, id)
   return side.t:index():get(id).number
end

local function set_number(side, id, change)
   side.t:update(id, function(row)
      row.number = change(row.number)
   end)
end

local function minus_one()
   return -1
end

local function plus_one(number)
   return number + 1
end

t.case("no dirty read", function()
   with_pair(function(one, two)
      one.session:begin()
      one.t:insert { id = 2, number = 2 }
      set_number(one, 1, minus_one)
      t.is_true(one.t:delete(3))
      t.equal(two.t:index():get(2), nil)
      t.equal(number_of(two, 1), 99)
      t.equal(ids(two.t), { 1, 3, 5, 7, 9 })
      t.equal(ids(one.t), { 1, 2, 5, 7, 9 })
      one.session:rollback()
      t.equal(ids(one.t), { 1, 3, 5, 7, 9 })
      t.equal(number_of(one, 1), 99)
   end)
end)

t.case("reads repeat and no phantom appears", function()
   with_pair(function(one, two)
      two.session:begin()
      t.equal(#two.t, 5)
      one.t:insert { id = 4, number = 96 }
      t.is_true(one.t:delete(5))
      t.equal(ids(two.t), { 1, 3, 5, 7, 9 })
      t.equal(ids(two.t:index "byNumber"), { 9, 7, 5, 3, 1 })
      t.equal(ids(two.t:index():range(3, 6)), { 3, 5 })
      two.session:commit()
      t.equal(ids(two.t), { 1, 3, 4, 7, 9 })
      t.equal(ids(two.t:index "byNumber"), { 9, 7, 4, 3, 1 })
   end)
end)

t.case("no lost update and no dirty write", function()
   with_pair(function(one, two)
      two.session:begin()
      set_number(one, 1, plus_one)
      t.raises("JET_errWriteConflict", set_number, two, 1, plus_one)
      two.session:rollback()
      one.session:begin()
      t.is_true(one.t:delete(1))
      t.raises("JET_errWriteConflict", two.t.delete, two.t, 1)
      one.session:commit()
      t.equal(two.t:index():get(1), nil)
   end)
end)

t.case("a read lock prevents write skew", function()
   with_pair(function(one, two)
      one.session:begin()
      t.is_true(one.t:seek(1))
      one.t:lock { read = true }
      t.raises("JET_errWriteConflict", set_number, two, 1, minus_one)
      one.session:commit()
      t.equal(number_of(two, 1), 99)
      set_number(two, 1, minus_one)
      t.equal(number_of(one, 1), -1)
   end)
end)

t.case("a transaction inside another one is undone alone", function()
   with_pair(function(one, two)
      one.session:begin()
      one.t:insert { id = 2, number = 98 }
      one.session:begin()
      one.t:insert { id = 4, number = 96 }
      one.session:rollback()
      t.equal(ids(one.t), { 1, 2, 3, 5, 7, 9 })
      t.equal(#two.t, 5)
      one.session:commit()
      t.equal(ids(two.t), { 1, 2, 3, 5, 7, 9 })
      t.raises("JET_errNotInTransaction", one.session.commit, one.session)
      t.raises("JET_errNotInTransaction", one.session.rollback, one.session)
   end)
end)

-- One teller: transfers with a pause between the two halves of each, and a look at the sum after it.
local function teller(session, path, random, sums)
   local db <close> = session:open(path, "r+")
   local bank <close> = db:table "bank"
   for _ = 1, TRANSFERS do
      local from, to, amount = random(ACCOUNTS), random(ACCOUNTS), random(100)
      session:begin()
      local is_ok, failure = true, nil
      for _, half in ipairs { { from, -amount }, { to, amount } } do
         if is_ok then
            is_ok, failure = pcall(bank.update, bank, half[1], function(row)
               row.balance = row.balance + half[2]
            end)
            coroutine.yield()
         end
      end
      if is_ok and random(4) > 1 then
         session:commit()
      else
         t.is_true(is_ok or failure.name == "JET_errWriteConflict")
         session:rollback()
      end
      session:begin { read_only = true }
      local sum = 0
      for row in bank:rows() do
         sum = sum + row.balance
      end
      session:commit()
      sums[#sums + 1] = sum
      coroutine.yield()
   end
end

t.case("the sum of a bank never changes", function()
   local path, sums, tellers = paths.file "bank.edb", {}, {}
   local instance <close> = ese.instance("bank", { directory = paths.file "bank", recovery = false })
   local session <close> = instance:session()
   local db <close> = session:open(path, "w")
   local bank <close> = db:create_table("bank", { { "id", "long" }, { "balance", "long" } }, { primary_key = "id" })
   for id = 1, ACCOUNTS do
      bank:insert { id = id, balance = OPENING }
   end
   math.randomseed(7)
   for i = 1, TELLERS do
      local own = session:dup()
      tellers[i] = coroutine.wrap(function()
         teller(own, path, math.random, sums)
         own:close()
         return "done"
      end)
   end
   while #tellers > 0 do -- each in its turn, a random one first
      local at = math.random(#tellers)
      if tellers[at]() == "done" then
         table.remove(tellers, at)
      end
   end
   t.equal(#sums, TELLERS * TRANSFERS)
   for _, sum in ipairs(sums) do
      t.equal(sum, ACCOUNTS * OPENING)
   end
end)
