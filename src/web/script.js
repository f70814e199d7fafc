// Comfort for a page that works without it: keys, and times as "2 hours ago". Nothing is fetched.
"use strict";
(() => {
  const root = document.documentElement;
  const format = new Intl.RelativeTimeFormat(root.lang, { numeric: "auto" });
  const units = [["day", 86400], ["hour", 3600], ["minute", 60]];
  const tell = () => {
    for (const time of document.querySelectorAll(".kicker time[datetime]")) {
      const age = (Date.now() - Date.parse(time.dateTime)) / 1000;
      if (!(age >= 0 && age < 7 * 86400)) continue;
      const [unit, length] = units.find(([, length]) => age >= length) || units[2];
      time.textContent = format.format(-Math.floor(age / length), unit);
    }
  };
  tell();
  setInterval(tell, 60000);

  if (document.body.dataset.renew !== undefined) setTimeout(() => location.reload(), 3000);

  // Keys can be switched off (WCAG 2.1.4); the choice stays in this browser.
  const store = { get: () => { try { return localStorage.getItem("keys"); } catch { return null; } },
    set: (value) => { try { localStorage.setItem("keys", value); } catch { /* not kept */ } } };
  let on = store.get() !== "off";
  const keys = document.querySelector(".keys");
  const button = keys && keys.querySelector("button");
  const label = () => { button.textContent = on ? button.dataset.on : button.dataset.off; button.setAttribute("aria-pressed", on); };
  if (button) {
    keys.hidden = false;
    label();
    button.addEventListener("click", () => { on = !on; store.set(on ? "on" : "off"); label(); });
  }
  const links = () => [...document.querySelectorAll(".item .title")];
  const step = (by) => {
    const all = links();
    const at = all.indexOf(document.activeElement && document.activeElement.closest(".item")?.querySelector(".title"));
    const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + by, 0), all.length - 1)];
    if (next) { next.focus({ preventScroll: true }); next.closest(".item").scrollIntoView({ block: "nearest" }); }
  };
  document.addEventListener("keydown", (event) => {
    if (!on || event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input, textarea, select, [contenteditable]")) return;
    const actions = {
      j: () => step(1),
      k: () => step(-1),
      o: () => document.activeElement.closest(".item")?.querySelector("a.title")?.click(),
      "/": () => { document.querySelector(".search input")?.focus(); },
    };
    const action = actions[event.key];
    if (action) { event.preventDefault(); action(); }
  });
})();
