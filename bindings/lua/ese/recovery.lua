--- Recovery: databases that were not shut down are brought up to date from their logs; backups become databases again.

local class = require "ese.class"
local core = require "ese.core"

local recovery = {}

local outcomes = { [0] = "recovered", "rebuilt", "clean", "missing", "foreign", "removed" } -- ese_recover_outcome
local LOGS_LOST <const>, LOGS_REMOVED <const> = 585, 587 -- JET_wrnCommittedLogFiles...
local BACKUP <const> = 0x40 -- ESE_bitRecoverBackup

local bits = {
   in_place = 0x1,
   ignore_missing = 0x2,
   ignore_lost_logs = 0x4,
   drop_damaged_logs = 0x8,
   newer = 0x10,
}
local WITHOUT_UNDO <const> = 0x20

local reasons = {
   missing = "there is no such file",
   foreign = "the file is not the database of the log",
   removed = "its creation had not ended, so it was left out",
}

local function file_number(generation)
   return ("%08X"):format(generation)
end

local function span(first, last)
   return first == last and "log " .. file_number(first)
      or ("logs %s to %s"):format(file_number(first), file_number(last))
end

-- ---- the report

local Report, metatable = class.new("ese.RecoveryReport", function(self)
   return ("of %d databases"):format(#self.databases)
end)

--- A few lines to read.
function Report:text()
   local lines = {}
   if self.generations then
      lines[1] = ("%s: %d records, %d pages changed"):format(span(self.generations[1], self.generations[2]),
         self.records, self.pages_changed)
   end
   lines[#lines + 1] = ("%d transactions committed, %d rolled back (%d changes)"):format(self.committed,
      self.rolled_back, self.undone)
   for _, db in ipairs(self.databases) do
      lines[#lines + 1] = ("%s: %s%s"):format(db.source or db.logged_path, db.outcome,
         db.result and " -> " .. db.result or "")
   end
   for _, text in ipairs(self.warnings) do
      lines[#lines + 1] = "warning: " .. text
   end
   return table.concat(lines, "\n")
end

metatable.__tostring = Report.text

local function range(first, last)
   return first ~= 0 and { first, last } or nil
end

local function warnings_of(values)
   local texts = {}
   if values.warning == LOGS_LOST then
      texts[1] = ("what was committed in %s is lost: missing, and given up"):format(
         span(values.missing_from, values.missing_to))
   elseif values.warning == LOGS_REMOVED then
      texts[1] = "what was committed in the last logs is lost: damaged, and given up"
   end
   for _, db in ipairs(values.databases) do
      if reasons[db.outcome] then
         texts[#texts + 1] = db.logged_path .. ": " .. reasons[db.outcome]
      end
   end
   return texts
end

-- Fields that are not there are false, because a report refuses unknown ones.
local function report_from(values)
   if values == nil then
      return nil
   end
   for _, db in ipairs(values.databases) do
      db.outcome = outcomes[db.outcome]
      db.generations = range(db.min_required, math.max(db.max_required, db.max_committed))
      db.path = db.outcome == "clean" and db.source or db.result
      db.min_required, db.max_required, db.max_committed = nil, nil, nil
   end
   values.warnings = warnings_of(values)
   values.generations = range(values.first, values.last) or false
   values.missing = range(values.missing_from, values.missing_to) or false
   values.first, values.last, values.missing_from, values.missing_to, values.warning = nil, nil, nil, nil, nil
   return setmetatable(values, metatable)
end

-- ---- the work

-- {["path in the log"] = "path", "path", ...}
local function map_list(maps)
   local list = {}
   if type(maps) == "string" then
      maps = { maps }
   elseif maps and type(maps) ~= "table" then
      error(("maps are a table of paths, not a %s"):format(type(maps)), 4)
   end
   for key, path in pairs(maps or {}) do
      list[#list + 1] = { logged = type(key) == "string" and key or nil, path = path }
   end
   return list
end

local recover_options = {
   source = true, to = true, logs = true, system = true, base = true, maps = true, in_place = true,
   ignore_missing = true, ignore_lost_logs = true, drop_damaged_logs = true, newer = true, undo = true, stop = true,
   progress = true,
}

---@param options table
---@return ese.RecoveryReport
function recovery.recover(options)
   options = class.options(options, recover_options, 3)
   local grbit = options.undo == false and WITHOUT_UNDO or 0
   for name, bit in pairs(bits) do
      grbit = grbit | (options[name] and bit or 0)
   end
   return report_from(core.recover {
      source = options.source, to = options.to, logs = options.logs, system = options.system, base = options.base,
      maps = map_list(options.maps), stop = options.stop, grbit = grbit, progress = options.progress,
   })
end

local restore_options = { logs = true, base = true, maps = true, stop = true, progress = true }

---@return ese.RecoveryReport
function recovery.restore(backup, to, options)
   options = class.options(options, restore_options, 3)
   if to == nil then
      error("restore needs a folder for the databases", 3)
   end
   return report_from(core.recover {
      source = backup, to = to, logs = options.logs, base = options.base, maps = map_list(options.maps),
      stop = options.stop, grbit = BACKUP, progress = options.progress,
   })
end

--- What ese.open does with logs: the database, and the report unless it was clean.
function recovery.open(path, options)
   local values, handle = core.open_recovered {
      source = path, logs = options.logs, base = options.base, to = options.scratch,
      grbit = options.ignore_lost_logs and bits.ignore_lost_logs or 0, progress = options.progress,
   }
   local report = report_from(values)
   for _, db in ipairs(report and report.databases or {}) do
      db.result, db.path = nil, nil -- gone already
   end
   return handle, report
end

return recovery
