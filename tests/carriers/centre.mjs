// A message centre that speaks SMPP 3.4: takes messages, answers or not as it is told, sends receipts, tells what came.
import { createServer } from "smpp";
import { createInterface } from "node:readline";

let manner = { status: 0, answer: true, receipts: 1, wait: 0, name: "", stat: "DELIVRD", hangUp: false };
const say = (what) => process.stdout.write(JSON.stringify(what) + "\n");
let count = 0;

let sessions = new Set();
const server = createServer({}, (session) => {
  sessions.add(session);
  session.on("close", () => sessions.delete(session));
  session.on("bind_transceiver", (pdu) => {
    const right = pdu.system_id === "opencowin" && pdu.password === "secret";
    session.send(pdu.response({ command_status: right ? 0 : 0x0e }));
    if (!right) session.close();
  });
  session.on("enquire_link", (pdu) => session.send(pdu.response()));
  session.on("unbind", (pdu) => { session.send(pdu.response()); session.close(); });
  session.on("error", () => {});
  session.on("submit_sm", (pdu) => {
    const id = manner.name || `m${++count}`;
    const text = pdu.short_message?.message || pdu.message_payload?.message || "";
    say({ id, to: pdu.destination_addr, from: pdu.source_addr, text: String(text), coding: pdu.data_coding, status: manner.status });
    const { status, answer, receipts, wait, stat, hangUp } = manner;
    if (hangUp) { session.destroy(); return; }
    setTimeout(() => {
      if (answer) session.send(pdu.response(status ? { command_status: status } : { message_id: id }));
      if (status) return;
      for (let n = 0; n < receipts; n++) {
        session.deliver_sm({
          source_addr: pdu.destination_addr, destination_addr: pdu.source_addr, esm_class: 4,
          short_message: `id:${id} sub:001 dlvrd:001 submit date:2601010000 done date:2601010001 stat:${stat} err:000 text:`,
        });
      }
    }, wait);
  });
});

server.listen(0, "127.0.0.1", () => say({ port: server.address().port }));
// What somebody writes goes to one of those who are bound, as centres do.
const written = ({ from, text }) => [...sessions][0].deliver_sm({ source_addr: from, source_addr_ton: 1, source_addr_npi: 1, destination_addr: "COWIN", esm_class: 0, short_message: text });
createInterface({ input: process.stdin }).on("line", (line) => { const { write, ...told } = JSON.parse(line); if (write) written(write); manner = { ...manner, ...told }; say({ manner }); });
