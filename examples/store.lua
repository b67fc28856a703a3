--- A small shop: a table of goods and one of orders, and transactions that sell.
--
-- usage: lua5.4 store.lua FILE      the shop is in FILE.shop, which is made for the time of the program

local ese = require "ese"

if #arg ~= 1 then
   error("usage: store.lua FILE", 0)
end

local path = arg[1] .. ".shop"

local function create(db)
   db:create_table("goods", {
      { "name", "text", size = 60, not_null = true },
      { "price", "currency" },
      { "stock", "long", not_null = true },
   }, { primary_key = "name" }):insert_many({
      { "cards", 120000, 500 },
      { "wheels", 455000, 40 },
      { "engine", 99990000, 1 },
   }, { columns = { "name", "price", "stock" } })
   db:create_table("orders", {
      { "id", "long long", autoincrement = true },
      { "customer", "long text" },
      { "total", "currency" },
      { "items", "long text", multi_valued = true },
   }, {
      primary_key = "id",
      indexes = { { "byCustomer", "customer", "-total" }, { "byItem", "items", ignore_null = true } },
   })
end

-- An order, or nothing at all: what is missing from the shelf leaves everything as it was.
local function sell(db, customer, basket)
   local goods, orders = db:table "goods", db:table "orders"
   return db:transaction(function()
      local total, items = 0, {}
      for name, n in pairs(basket) do
         goods:update(name, function(row)
            if row.stock < n then
               error(("only %d %s left"):format(row.stock, name), 0)
            end
            row.stock = row.stock - n
            total = total + n * row.price
         end)
         items[#items + 1] = name
      end
      table.sort(items)
      return orders:insert { customer = customer, total = total, items = items }
   end)
end

do
   local db <close> = ese.open(path, "w")
   create(db)
   print("order", sell(db, "Ada", { cards = 100, wheels = 4 }))
   print("order", sell(db, "Grace", { cards = 2 }))
   print("no order", select(2, pcall(sell, db, "Charles", { engine = 2 })))
end

do
   local db <close> = ese.open(path)
   for row in db:table("goods"):rows() do
      print(("%-8s %8.2f %4d"):format(row.name, row.price / 10000, row.stock))
   end
   local orders = db:table "orders"
   for row in orders:index("byItem"):equal("wheels"):rows() do
      print("with wheels:", row.id, row.customer)
   end
   assert(db:table("goods"):get("cards").stock == 398)
end
os.remove(path)
