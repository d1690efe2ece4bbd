/** A reading over its threshold turns the sensor's state on a page that is open. Arguments: address. */
import { play } from "./browser.mjs";

const [base] = process.argv.slice(2);

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&globe=0`);
  await page.waitForSelector('#live[data-status="open"]');
  const thing = await page.evaluate(() => [...window.cim.app.sensors.things.values()].find((one) => one.properties.kind === "gas").id);
  const send = (value) =>
    page.evaluate(
      async ([id, result]) => {
        const { datastream_id } = window.cim.app.sensors.things.get(id).properties.readings[0];
        const body = { phenomenonTime: new Date().toISOString(), result, Datastream: { "@iot.id": datastream_id } };
        const answer = await fetch("/sta/v1.1/Observations", { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
        return answer.status;
      },
      [thing, value],
    );
  const settle = (state) => page.waitForFunction(([id, wanted]) => window.cim.app.sensors.things.get(id).properties.readings[0].state === wanted, [thing, state]);
  const statuses = [await send(2)];
  await settle("normal");
  statuses.push(await send(31));
  await settle("level_1");
  await page.waitForFunction(() => Number(document.getElementById("kpi-alarms").textContent) >= 1);
  await page.evaluate((id) => window.cim.app.showThing(window.cim.app.sensors.things.get(id)), thing);
  await page.waitForSelector("#panel svg.chart");
  note({
    statuses,
    panel: await page.innerText("#panel"),
    chart: await page.getAttribute("#panel svg.chart", "aria-label"),
    toast: await page.locator(".toast").last().innerText(),
  });
  statuses.push(await send(2));
  await settle("normal");
});
