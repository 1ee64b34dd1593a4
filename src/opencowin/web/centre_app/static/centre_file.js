/* What was not sent, as a file for the district: envelopes that only the deployment can open. */
import { button, t, tell } from "./centre_dom.js";
import * as store from "./centre_store.js";

export async function exportUnsent() {
  const held = await store.envelopes({ orphans: false });
  const text = JSON.stringify({ envelopes: held.map(({ envelope }) => envelope) });
  const link = document.createElement("a");
  const stamp = new Date().toISOString().slice(0, 16).replaceAll(/[:T]/g, "-");
  Object.assign(link, { href: URL.createObjectURL(new Blob([text], { type: "application/json" })), download: `opencowin-unsent-${stamp}.json` });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
  tell(t("exported", { count: held.length }));
}

export const exportButton = () => button("export", exportUnsent);
