/* The verdicts of the page's own checker, outside a browser: a list of texts and what a device carries come in as JSON. */
import { readFileSync } from "node:fs";
import { judge } from "./check.js";

const { trust, texts } = JSON.parse(readFileSync(0, "utf8"));
const told = [];
for (const text of texts) {
  const begun = performance.now();
  const said = await judge([text], { ...trust, revoked: new Uint8Array() }).catch((odd) => ({ verdict: String(odd) }));
  told.push([said.verdict, said.facts?.name ?? "", Math.round(performance.now() - begun)]);
}
process.stdout.write(JSON.stringify(told));
