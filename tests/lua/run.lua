--- Runs the tests of the Lua module: lua5.4 tests/lua/run.lua
--
-- The databases come from $ESE_FIXTURES, or are made now by tests/support/edb/fixtures.py.

local here = arg[0]:gsub("[^/]*$", "")
package.path = here .. "?.lua;" .. package.path

local harness = require "harness"
local paths = require "paths"

paths.set_up(here)
for _, name in ipairs { "test_sessions", "test_reading", "test_lifetime", "test_errors", "test_manners", "test_writing",
   "test_dict", "test_recovery", "test_isolation", "test_durable" } do
   require(name)
end
local is_ok = harness.run()
paths.tear_down()
os.exit(is_ok, true)
