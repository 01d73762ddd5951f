-- Copyright: (c) 2026, secretferry.akeyless contributors
-- GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
-- SPDX-License-Identifier: GPL-3.0-or-later

-- wrk: every request creates another secret, of about the size that a KV secret with its metadata has.
local token = os.getenv("EMULATOR_TOKEN")
local value = '{\\"username\\":\\"payments\\",\\"password\\":\\"' .. string.rep("v", 256) .. '\\"}'
local description = string.rep("custom metadata of a secret, ", 14)
local run = string.format("%x", os.time())
local count = 0

function request()
  count = count + 1
  local body = '{"name":"/bench/' .. run .. "/team" .. (count % 50) .. "/app" .. (count % 700) .. "/secret" .. count ..
    '","value":"' .. value .. '","description":"' .. description ..
    '","tags":["secretferry:bench"],"format":"json","max-versions":"20","token":"' .. token .. '"}'
  return wrk.format("POST", "/create-secret", {["Content-Type"] = "application/json"}, body)
end
