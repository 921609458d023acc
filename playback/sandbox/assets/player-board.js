/* Draws the lesson: slides, a figure of the subject that moves, and the teacher's small picture. 1280 × 720. */
(() => {
  "use strict";
  const FONT = '"PingFang SC", "Noto Sans CJK SC", "Noto Sans SC", "Microsoft YaHei", sans-serif';
  const INK = "#e8efe9";
  const CHALK = ["#f6e58d", "#7ed6df", "#ff9f80", "#badc58"];

  function line(pen, dots, colour, width) {
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.lineJoin = "round";
    pen.lineCap = "round";
    pen.beginPath();
    dots.forEach(([x, y], index) => (index ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.stroke();
  }

  function dot(pen, x, y, radius, colour) {
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 7);
    pen.fill();
  }

  const ring = (steps, at) => Array.from({ length: steps + 1 }, (_, index) => at(index / steps));

  /* Each figure lives in a box of 420 × 340 around 0, 0; t is seconds. */
  const figures = {
    maths(pen, t) {
      line(pen, [[-200, 90], [205, 90]], INK, 3);
      line(pen, [[-150, 160], [-150, -160]], INK, 3);
      const f = (x) => -20 - 85 * Math.sin(x / 62) - x * 0.14;
      line(pen, ring(90, (share) => [-195 + share * 390, f(-195 + share * 390)]), CHALK[0], 5);
      const x = 150 * Math.sin(t * 0.8);
      const slope = (f(x + 1) - f(x - 1)) / 2;
      const half = 95 / Math.hypot(1, slope);
      line(pen, [[x - half, f(x) - half * slope], [x + half, f(x) + half * slope]], CHALK[1], 4);
      line(pen, [[x, f(x)], [x, 90]], "#ffffff55", 2);
      dot(pen, x, f(x), 9, CHALK[2]);
    },
    physics(pen, t) {
      line(pen, [[-140, -150], [140, -150]], INK, 5);
      const angle = 0.62 * Math.sin(t * 2.1);
      const x = Math.sin(angle) * 250;
      const y = -150 + Math.cos(angle) * 250;
      line(pen, ring(30, (share) => [Math.sin(-0.62 + share * 1.24) * 250, -150 + Math.cos(-0.62 + share * 1.24) * 250]), "#ffffff33", 2);
      line(pen, [[0, -150], [x, y]], CHALK[0], 4);
      dot(pen, x, y, 26, CHALK[2]);
      line(pen, [[x, y], [x, y + 70]], CHALK[1], 4);
      line(pen, [[x - 9, y + 58], [x, y + 72], [x + 9, y + 58]], CHALK[1], 4);
      line(pen, [[x, y], [x - Math.sin(angle) * 90, y - Math.cos(angle) * 90]], CHALK[3], 4);
    },
    chemistry(pen, t) {
      const atoms = ring(6, (share) => [Math.cos(share * 6.283 + t * 0.4) * 95, Math.sin(share * 6.283 + t * 0.4) * 95]);
      line(pen, atoms, INK, 5);
      atoms.slice(0, 6).forEach(([x, y], index) => {
        line(pen, [[x, y], [x * 1.65, y * 1.65]], INK, 4);
        dot(pen, x * 1.65, y * 1.65, 13 + 2 * Math.sin(t * 3 + index), CHALK[1]);
        dot(pen, x, y, 19, CHALK[index % 2 ? 0 : 2]);
      });
    },
    biology(pen, t) {
      const at = (y, shift) => 110 * Math.sin(y / 55 + t * 1.2 + shift);
      for (let y = -155; y <= 155; y += 20) line(pen, [[at(y, 0), y], [at(y, Math.PI), y]], "#ffffff44", 3);
      [0, Math.PI].forEach((shift, index) => {
        line(pen, ring(60, (share) => [at(-160 + share * 320, shift), -160 + share * 320]), CHALK[index ? 0 : 3], 6);
      });
    },
    geography(pen, t) {
      line(pen, ring(80, (share) => [Math.cos(share * 6.284) * 150, Math.sin(share * 6.284) * 150]), CHALK[1], 4);
      for (let meridian = 0; meridian < 6; meridian += 1) {
        const wide = Math.cos((t * 0.5 + (meridian * Math.PI) / 6) % Math.PI) * 150;
        line(pen, ring(40, (share) => [Math.sin(share * Math.PI) * wide, -Math.cos(share * Math.PI) * 150]), "#ffffff77", 2);
      }
      [-80, 0, 80].forEach((y) => line(pen, [[-Math.sqrt(22500 - y * y), y], [Math.sqrt(22500 - y * y), y]], "#ffffff55", 2));
      dot(pen, 120 * Math.cos(t * 0.5), -40, 8, CHALK[2]);
    },
    code(pen, t) {
      const rows = [[0, 150, 0], [1, 210, 1], [1, 130, 3], [2, 180, 0], [2, 90, 2], [1, 160, 1], [0, 110, 3]];
      const done = (t * 1.5) % (rows.length + 2);
      rows.forEach(([indent, width, colour], index) => {
        const share = Math.min(Math.max(done - index, 0), 1);
        if (!share) return;
        const y = -140 + index * 46;
        line(pen, [[-180 + indent * 46, y], [-180 + indent * 46 + width * share, y]], CHALK[colour], 14);
        if (share < 1) line(pen, [[-166 + indent * 46 + width * share, y - 14], [-166 + indent * 46 + width * share, y + 14]], INK, 4);
      });
    },
    writing(pen, t) {
      for (let row = 0; row < 5; row += 1) {
        const share = Math.min(Math.max(((t * 0.9) % 7) - row, 0), 1);
        line(pen, [[-190, -120 + row * 64], [190, -120 + row * 64]], "#ffffff26", 2);
        if (share <= 0) continue;
        const wave = (part) => [-185 + part * (row === 4 ? 220 : 370), -142 + row * 64 + 13 * Math.sin(part * 60 + row) * Math.sin(part * 17 + row * 2)];
        line(pen, ring(Math.ceil(120 * share), (part) => wave(part * share)), CHALK[row % 4], 4);
        if (share < 1) dot(pen, ...wave(share), 7, CHALK[2]);
      }
    },
  };
  const FIGURE_OF = { maths: "maths", physics: "physics", science: "physics", chemistry: "chemistry", biology: "biology", geography: "geography", code: "code" };

  window.makeBoard = (canvas, recording) => {
    const pen = canvas.getContext("2d");
    const figure = figures[FIGURE_OF[recording.subject] || "writing"];

    function slideAt(position) {
      let found = 0;
      recording.slides.forEach((slide, index) => { if (slide.at <= position) found = index; });
      return found;
    }

    function teacher(t, playing) {
      pen.save();
      pen.translate(1096, 512);
      pen.beginPath();
      pen.roundRect(-120, -68, 240, 136, 14);
      pen.fillStyle = recording.colours[0];
      pen.fill();
      pen.clip();
      dot(pen, 0, 92, 66, recording.colours[1]);
      dot(pen, 0, -2, 35, "#f3d2b3");
      pen.fillStyle = "#2b2320";
      pen.beginPath();
      pen.arc(0, -12, 37, Math.PI, 0);
      pen.fill();
      const blink = playing && t % 3.7 < 0.15 ? 1 : 5;
      [-13, 13].forEach((x) => { pen.beginPath(); pen.ellipse(x, 0, 4, blink, 0, 0, 7); pen.fill(); });
      pen.beginPath();
      pen.ellipse(0, 17, 9, playing ? 2 + 4 * Math.abs(Math.sin(t * 7)) : 1.5, 0, 0, 7);
      pen.fillStyle = "#9b3d36";
      pen.fill();
      for (let bar = 0; bar < 5; bar += 1) {
        const high = playing ? 5 + 15 * Math.abs(Math.sin(t * (4 + bar) + bar)) : 4;
        pen.fillStyle = "#38bdf8";
        pen.fillRect(76 + bar * 8, 54 - high, 5, high);
      }
      pen.restore();
    }

    return {
      draw(position, wall, playing) {
        const index = slideAt(position);
        const slide = recording.slides[index];
        const since = position - slide.at;
        const t = playing ? wall : position;
        const ground = pen.createLinearGradient(0, 0, 1280, 720);
        ground.addColorStop(0, "#17352f");
        ground.addColorStop(1, "#0e2420");
        pen.fillStyle = ground;
        pen.fillRect(0, 0, 1280, 720);
        pen.strokeStyle = "#ffffff0a";
        pen.lineWidth = 1;
        for (let y = 110; y < 640; y += 53) { pen.beginPath(); pen.moveTo(60, y); pen.lineTo(1220, y); pen.stroke(); }
        pen.fillStyle = recording.colours[1];
        pen.fillRect(70, 128, 8, 52);
        pen.fillStyle = INK;
        pen.font = `600 46px ${FONT}`;
        pen.textBaseline = "middle";
        pen.fillText(slide.title, 98, 154, 640);
        pen.font = `30px ${FONT}`;
        slide.lines.forEach((text, row) => {
          const shown = Array.from(text).slice(0, Math.max(0, Math.floor((since - row * 2.2) * 11) + 2)).join("");
          if (since < row * 2.2 - 0.2) return;
          dot(pen, 108, 250 + row * 74, 6, CHALK[row % 4]);
          pen.fillStyle = INK;
          pen.fillText(shown, 134, 250 + row * 74, 620);
        });
        pen.save();
        pen.translate(985, 275);
        pen.fillStyle = "#00000033";
        pen.beginPath();
        pen.roundRect(-232, -185, 464, 336, 18);
        pen.fill();
        pen.translate(0, -17);
        pen.scale(0.86, 0.86);
        figure(pen, t);
        pen.restore();
        teacher(t, playing);
        pen.font = `22px ${FONT}`;
        pen.fillStyle = "#9fb8b0";
        pen.fillText(`${index + 1} / ${recording.slides.length}`, 98, 560);
        pen.fillText(recording.teacher, 770, 560, 190);
      },
    };
  };
})();
