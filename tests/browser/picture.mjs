/** The picture of the first screen for the README, at full quality. Arguments: address, file. */
import { frame, play, tilesLoaded } from "./browser.mjs";

const [base, file] = process.argv.slice(2);

await play(async ({ open }) => {
  const page = await open(`${base}/?lang=zh&view=oldtown&software=0`, { width: 1600, height: 900 });
  page.setDefaultTimeout(900_000);
  await tilesLoaded(page);
  await page.evaluate(() => document.getElementById("toasts").replaceChildren());
  await frame(page);
  await page.screenshot({ path: file, timeout: 300_000 });
});
