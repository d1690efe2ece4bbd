/** An incident is plotted by clicking the map on one page and seen on another; then it is moved on. Arguments: address, title. */
import { play, tilesLoaded } from "./browser.mjs";

const [base, title] = process.argv.slice(2);

/** On the watching page: when the list first shows the title, by the wall clock. */
const watch = (wanted) => {
  window.seenAt = null;
  const look = () => {
    const row = [...document.querySelectorAll(".incident")].find((one) => one.textContent.includes(wanted));
    if (row && window.seenAt === null) window.seenAt = Date.now();
  };
  new MutationObserver(look).observe(document.getElementById("incident-list"), { childList: true, subtree: true });
};

/** On the reporting page: when the server's 201 arrives. */
const clockAnswers = () => {
  const send = window.fetch;
  window.fetch = async (...request) => {
    const answer = await send(...request);
    if (answer.status === 201) window.createdAt = Date.now();
    return answer;
  };
};

await play(async ({ open, note }) => {
  const watcher = await open(`${base}/?lang=zh&globe=0`);
  const reporter = await open(`${base}/?lang=zh&globe=0`);
  await Promise.all([watcher, reporter].map((page) => page.waitForSelector('#live[data-status="open"]')));
  await tilesLoaded(reporter);
  await watcher.evaluate(watch, title);
  await reporter.evaluate(clockAnswers);

  await reporter.click("#toggle-incidents");
  await reporter.click("#report");
  await reporter.mouse.click(400, 280);
  await reporter.waitForSelector("#incident-form");
  await reporter.check('#incident-form [name="kind"][value="collapse"]', { force: true });
  await reporter.check('#incident-form [name="severity"][value="2"]', { force: true });
  await reporter.fill('#incident-form [name="title"]', title);
  await reporter.click('#incident-form [type="submit"]');
  await watcher.waitForFunction(() => window.seenAt !== null, undefined, { polling: 50 });
  await reporter.waitForSelector('#panel[data-key^="incident-"] [data-move="verified"]');
  const id = Number(await reporter.textContent('#panel [data-field="id"]'));
  note({
    id,
    milliseconds: (await watcher.evaluate(() => window.seenAt)) - (await reporter.evaluate(() => window.createdAt)),
    toast: await watcher.locator(".toast").first().innerText(),
    pinned: await watcher.evaluate((key) => window.cim.viewer.dataSources.getByName("incidents")[0].entities.getById(`incident-${key}`) !== undefined, id),
  });

  await reporter.click('[data-move="rejected"]');
  await reporter.waitForSelector('#panel .badge.state.rejected');
  await watcher.waitForFunction((key) => window.cim.app.incidents.known.get(key)?.properties.state === "rejected", id);
  note({ log: await reporter.innerText("#panel .log"), still_listed: await watcher.locator(`[data-incident-id="${id}"]`).count() });
});
