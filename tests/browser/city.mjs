/** The city is seen, a building is picked, a place is searched, the language is switched. Arguments: address, picture folder. */
import { join } from "node:path";
import { findBuilding, frame, play, tilesLoaded } from "./browser.mjs";

const [base, folder] = process.argv.slice(2);
const MIDDLE = { x: 160, y: 110, width: 480, height: 240 };

await play(async ({ open, note }) => {
  const page = await open(`${base}/?lang=zh&globe=0&view=oldtown`);
  await tilesLoaded(page);
  await page.screenshot({ path: join(folder, "with.png"), clip: MIDDLE });
  await page.evaluate(() => window.cim.app.buildings.show(false));
  await frame(page);
  await page.screenshot({ path: join(folder, "without.png"), clip: MIDDLE });
  await page.evaluate(() => window.cim.app.buildings.show(true));
  await frame(page);

  const at = await findBuilding(page);
  await page.mouse.click(at.x, at.y);
  await page.waitForSelector('#panel[data-key^="building-"]');
  await page.waitForFunction(() => !document.querySelector("#panel .facts")?.textContent.includes("载入中"));
  note({
    building: await page.textContent('#panel [data-field="id"]'),
    panel_zh: await page.innerText("#panel"),
    title_zh: await page.innerText("h1"),
    notice_zh: await page.innerText(".synthetic-notice"),
  });

  await page.click("#language");
  note({ panel_en: await page.innerText("#panel"), title_en: await page.innerText("h1"), lang: await page.getAttribute("html", "lang") });
  await page.route("**/health", async (route) => {
    const told = await (await route.fetch()).json();
    await route.fulfill({ json: { ...told, city: { ...told.city, time_zone: "Asia/Kathmandu" } } });
  });
  await page.goto(`${base}/?globe=0`);
  await page.waitForFunction(() => document.querySelector("h1")?.textContent);
  note({ remembered: await page.getAttribute("html", "lang") });
  await page.evaluate(() => window.cim.ready);

  note({ clock: await page.innerText("#clock b"), clock_label: await page.getAttribute("#clock", "aria-label") });
  note({ sun: await page.evaluate(() => window.cim.viewer.clock.currentTime.secondsOfDay) });

  await page.click("#toggle-layers");
  await page.fill("#search", "鼓楼");
  await page.waitForSelector("#places [role=option]");
  const before = await page.evaluate(() => window.cim.viewer.camera.positionWC.clone());
  note({ first_place: await page.innerText("#places [role=option] .place-name") });
  await page.keyboard.press("Enter");
  await page.waitForSelector('#panel[data-key^="place-"]');
  await page.waitForFunction((was) => Math.hypot(window.cim.viewer.camera.positionWC.x - was.x, window.cim.viewer.camera.positionWC.y - was.y) > 50, before);

  const old = await page.context().newPage();
  await old.addInitScript(() => {
    const other = HTMLCanvasElement.prototype.getContext;
    HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
      return kind === "webgl2" ? null : other.call(this, kind, ...rest);
    };
    delete window.WebGL2RenderingContext;
  });
  await old.goto(`${base}/?lang=en&globe=0`);
  await old.waitForSelector("#toasts > *");
  note({ without_webgl_2: await old.innerText("#toasts") });
});
