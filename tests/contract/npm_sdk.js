// Copyright: (c) 2026, secretferry.akeyless contributors
// GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
// SPDX-License-Identifier: GPL-3.0-or-later

// The official SDK's npm package, steered by lines of JSON on stdin: {"url", "method", "model", "body"}.
// Each is answered with a line on stdout: {"data", "dates"} of a success, {"status", "error"} of a refusal.
// "dates" names what the SDK made Date objects of; keys of the body are those of the request, as in create-secret.

"use strict";

const akeyless = require(process.argv[2]);

function dates(value, path) {
  if (value instanceof Date) return [[path, value.getTime()]];
  if (value === null || typeof value !== "object") return [];
  return Object.entries(value).flatMap(([key, inner]) => dates(inner, path ? `${path}.${key}` : key));
}

async function answer({ url, method, model, body }) {
  const api = new akeyless.V2Api(new akeyless.ApiClient(url));
  try {
    const data = await api[method](akeyless[model].constructFromObject(body));
    return { data: data === undefined ? null : data, dates: Object.fromEntries(dates(data, "")) };
  } catch (error) {
    return { status: error.status || 0, error: (error.response && error.response.body.error) || String(error) };
  }
}

require("readline")
  .createInterface({ input: process.stdin })
  .on("line", async (line) => process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n"));
