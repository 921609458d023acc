/* The player's clock and controls. There is no video behind it: the picture is drawn (player-board.js) for the position
   that this clock keeps, so it plays in any browser. Nothing is stored in the browser: it runs in a third-party frame. */
(() => {
  "use strict";
  const recording = JSON.parse(document.getElementById("recording").textContent);
  const $ = (id) => document.getElementById(id);
  const body = document.body;
  const length = Math.max(recording.length, 1);
  const board = window.makeBoard($("board"), recording);
  const points = [];
  let position = 0;
  let watched = 0;
  let reported = -1;
  let last = performance.now();

  const two = (number) => String(number).padStart(2, "0");
  const clock = (seconds) => {
    const whole = Math.floor(seconds);
    const hours = Math.floor(whole / 3600);
    return (length >= 3600 ? two(hours) + ":" : "") + two(Math.floor(whole / 60) - (length >= 3600 ? hours * 60 : 0)) + ":" + two(whole % 60);
  };
  const playing = () => body.dataset.state === "playing";
  const setState = (state) => {
    if (body.dataset.state === state) return;
    body.dataset.state = state;
    window.parent.postMessage({ source: "playback", state, position: Math.floor(position) }, "*");
  };

  function show() {
    body.dataset.position = String(Math.floor(position));
    $("now").textContent = clock(position);
    $("seek").value = String(Math.floor(position));
    $("seek").setAttribute("aria-valuetext", clock(position));
    $("seek").style.setProperty("--done", `${(position / length) * 100}%`);
    let current = -1;
    recording.chapters.forEach((chapter, index) => { if (chapter.at <= position) current = index; });
    body.dataset.chapter = String(current);
    $("chapter").textContent = current < 0 ? "" : recording.chapters[current].title;
    points.forEach((button, index) => button.setAttribute("aria-current", String(index === current)));
  }

  function seek(to) {
    position = Math.min(Math.max(to, 0), length);
    if (body.dataset.state === "ended" && position < length) setState("paused");
    show();
    board.draw(position, performance.now() / 1000, false);
  }

  function play() {
    if (position >= length) position = 0;
    last = performance.now();
    setState("playing");
  }

  function pause() {
    if (!playing()) return;
    setState("paused");
    report();
  }

  function toggleList() {
    $("list").setAttribute("aria-expanded", String($("chapters").classList.toggle("open")));
  }

  function tick() {
    const now = performance.now();
    const passed = Math.min((now - last) / 1000, 2);
    last = now;
    if (playing()) {
      position += passed * Number($("speed").value);
      watched += passed;
      if (position >= length) {
        position = length;
        setState("ended");
        report();
      }
      show();
    }
  }

  function frame() {
    tick();
    board.draw(position, performance.now() / 1000, playing());
    window.requestAnimationFrame(frame);
  }

  /* What has been watched so far; the ticket, not the page, says who watched what. */
  function report() {
    const seconds = Math.round(watched);
    if (seconds === reported || seconds < 1) return;
    reported = seconds;
    const form = new FormData();
    form.append("ticket", recording.ticket);
    form.append("play_length", String(seconds));
    form.append("position", String(Math.floor(position)));
    if (!navigator.sendBeacon(recording.report, form)) fetch(recording.report, { method: "POST", body: form, keepalive: true });
  }

  recording.chapters.forEach((chapter) => {
    const tick = document.createElement("i");
    tick.style.left = `${(Math.min(chapter.at, length) / length) * 100}%`;
    if (chapter.at > 0) $("ticks").append(tick);
    const item = document.createElement("li");
    const button = document.createElement("button");
    const at = document.createElement("time");
    const title = document.createElement("span");
    button.type = "button";
    at.textContent = clock(chapter.at);
    title.textContent = chapter.title;
    button.append(at, title);
    button.addEventListener("click", () => { seek(chapter.at); play(); $("chapters").classList.remove("open"); });
    item.append(button);
    $("points").append(item);
    points.push(button);
  });
  if (!points.length) {
    $("chapters").classList.add("empty");
    body.classList.add("empty-list");
  }

  /* The watermark wanders, so that it can't be cropped away. */
  const watermark = $("watermark");
  const wander = () => {
    const stage = watermark.parentElement;
    const x = Math.random() * Math.max(stage.clientWidth - watermark.offsetWidth, 0);
    const y = stage.clientHeight * (0.16 + Math.random() * 0.52);
    watermark.style.transform = `translate(${x}px, ${y}px)`;
  };
  wander();
  window.setInterval(wander, 4000);

  $("total").textContent = clock(length);
  $("toggle").addEventListener("click", () => (playing() ? pause() : play()));
  $("big").addEventListener("click", play);
  $("board").addEventListener("click", () => {
    if ($("chapters").classList.contains("open")) toggleList();
    else if (playing()) pause();
    else play();
  });
  $("seek").addEventListener("input", (event) => seek(Number(event.target.value)));
  $("speed").addEventListener("change", (event) => { body.dataset.speed = event.target.value; });
  $("mute").addEventListener("click", (event) => {
    const button = event.currentTarget;
    button.setAttribute("aria-pressed", String(button.getAttribute("aria-pressed") !== "true"));
  });
  $("list").addEventListener("click", toggleList);
  $("full").addEventListener("click", () => {
    if (document.fullscreenElement) document.exitFullscreen();
    else if (document.documentElement.requestFullscreen) document.documentElement.requestFullscreen().catch(() => undefined);
  });
  document.addEventListener("keydown", (event) => {
    if (["SELECT", "BUTTON"].includes(event.target.tagName)) return;
    if (event.key === " ") { event.preventDefault(); if (playing()) pause(); else play(); }
    if (event.target.tagName === "INPUT") return;
    if (event.key === "ArrowRight") seek(position + 10);
    if (event.key === "ArrowLeft") seek(position - 10);
  });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") report(); });
  window.addEventListener("pagehide", report);

  body.dataset.speed = $("speed").value;
  show();
  play();
  window.setTimeout(report, 1600);
  window.setInterval(report, 5000);
  window.setInterval(tick, 1000); /* the clock goes on where no frame is drawn: a hidden tab */
  window.requestAnimationFrame(frame);
})();
