"use strict";
// Small things: copying a vendor's id, a form that is sent once however often its button is clicked, a menu that closes
// when one clicks beside it.
document.addEventListener("click", (event) => {
  document.querySelectorAll("details.bo-menu[open]").forEach((menu) => { if (!menu.contains(event.target)) menu.open = false; });
});
document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!(menu instanceof HTMLDetailsElement) || !menu.matches(".bo-menu") || !menu.open) return;
  const body = menu.querySelector(".bo-menu-body");
  body.style.left = ""; // where the style sheet puts it, unless that runs off the window
  const beyond = body.getBoundingClientRect().right - (document.documentElement.clientWidth - 12);
  if (beyond > 0) body.style.left = `${-beyond}px`;
}, true);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") document.querySelectorAll("details.bo-menu[open]").forEach((menu) => { menu.open = false; });
});
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // Without a secure context there is no clipboard object.
    const area = document.createElement("textarea");
    area.value = button.dataset.copy;
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    button.focus();
  }
  const said = button.querySelector("[data-copied]");
  if (said) {
    said.hidden = false;
    setTimeout(() => { said.hidden = true; }, 1500);
  }
});
// A player's address is searched for without its token, which must stay out of histories and logs. (The server would
// take it away too, but only after it was sent.)
document.addEventListener("submit", (event) => {
  const term = event.target.querySelector?.("#searchbar");
  if (term) term.value = term.value.replace(/(?<![a-z])(limited_)?token=[^\s&#,;，；、]*&?/gi, "");
}, true);
document.addEventListener("submit", (event) => {
  const form = event.target.closest("form[data-once]");
  if (!form) return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "1";
  // An answer that comes as a download leaves the page as it is: it says so itself.
  if (event.submitter?.name === "_make") form.querySelectorAll("[data-after-submit]").forEach((said) => { said.hidden = false; });
  // After the submit has been put together: a disabled button's value would be left out.
  setTimeout(() => form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = true; }));
});
// The page comes back from the browser's history as it was left: with its buttons disabled.
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-once]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button[type=submit]").forEach((button) => { button.disabled = false; });
  });
});
// A chart of bars on a panel, drawn when the panel has come. Its table says the same where Chart.js is not there.
document.addEventListener("htmx:afterSettle", (event) => {
  event.target.querySelectorAll("canvas[data-bars]").forEach((canvas) => {
    if (typeof Chart === "undefined" || Chart.getChart(canvas)) return;
    const { labels, plays, viewers } = JSON.parse(canvas.dataset.bars);
    const look = getComputedStyle(canvas);
    const color = (name, otherwise) => look.getPropertyValue(name).trim() || otherwise;
    const muted = color("--bo-muted", "#6b7280");
    new Chart(canvas, {
      type: "bar",
      data: { labels, datasets: [
        { ...plays, backgroundColor: color("--color-primary-600", "#4f46e5"), maxBarThickness: 28 },
        { ...viewers, backgroundColor: color("--color-primary-300", "#a5b4fc"), maxBarThickness: 28 },
      ] },
      options: {
        maintainAspectRatio: false,
        animation: false,
        plugins: { legend: { position: "bottom", labels: { color: muted, boxWidth: 12 } } },
        scales: {
          x: { grid: { display: false }, ticks: { color: muted } },
          y: { beginAtZero: true, ticks: { precision: 0, color: muted }, grid: { color: color("--bo-line", "#e5e7eb") } },
        },
      },
    });
  });
});
// A cover that the image host does not give (any more) looks like one that never was, not like a broken page.
function withoutCover(image) {
  const none = document.createElement("span");
  none.className = `${image.className} bo-cover-none`;
  none.setAttribute("role", "img");
  none.setAttribute("aria-label", image.alt);
  const icon = document.createElement("span");
  icon.className = "material-symbols-outlined";
  icon.setAttribute("aria-hidden", "true");
  icon.textContent = "movie";
  none.append(icon);
  image.replaceWith(none);
}
document.addEventListener("error", (event) => {
  if (event.target instanceof HTMLImageElement && event.target.matches(".bo-cover")) withoutCover(event.target);
}, true);
// Those that failed before this script was there.
document.querySelectorAll("img.bo-cover").forEach((image) => { if (image.complete && image.naturalWidth === 0 && image.loading !== "lazy") withoutCover(image); });
