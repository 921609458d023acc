"use strict";
// What the browser alone knows: whether it can share an address, where the chosen room is among the chips, and that a
// part of a page never came.
(() => {
  if (navigator.share) {
    document.querySelectorAll("[data-share]").forEach((button) => {
      button.hidden = false;
      button.addEventListener("click", () => {
        navigator.share({ title: button.dataset.shareTitle, url: button.dataset.share }).catch(() => {});
      });
    });
  }
  const chips = document.querySelector(".t-chips");
  const chosen = chips?.querySelector("[aria-current]");
  if (chosen) chips.scrollLeft = chosen.offsetLeft - (chips.clientWidth - chosen.offsetWidth) / 2;

  const lost = new Map();
  document.querySelectorAll(".t-part").forEach((part) => lost.set(part, part.querySelector("template[data-lost]")));
  const tell = (event) => {
    const part = event.target.closest(".t-part");
    const said = lost.get(part);
    if (!said || event.detail.xhr?.status === 401) return;
    part.replaceChildren(said.content.cloneNode(true));
    window.htmx.process(part);
  };
  ["htmx:sendError", "htmx:responseError", "htmx:timeout"].forEach((name) => document.body.addEventListener(name, tell));
})();
