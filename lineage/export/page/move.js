
// Moving and zooming, by pointer and by keyboard.

function move() {
  world.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
}

// zoom keeps a point of the stage where it is: its middle, or where the pointer is.
function zoom(factor, x = stage.clientWidth / 2, y = stage.clientHeight / 2) {
  const scale = Math.min(3, Math.max(0.02, view.scale * factor));
  view.x = x - (x - view.x) * scale / view.scale;
  view.y = y - (y - view.y) * scale / view.scale;
  view.scale = scale;
  move();
}

// fit shows everything, but nothing smaller than the least scale.
function fit(least = 0.02) {
  if (!cards.length) return;
  const all = [...cards.keys()], edge = 24;
  const ys = Math.min(...all.map((i) => top(i))), ye = Math.max(...all.map((i) => top(i) + height(i)));
  const xe = Math.max(...all.map((i) => at.x[i])) + WIDTH;
  view.scale = Math.max(least, Math.min(1, (stage.clientWidth - 2 * edge) / xe, (stage.clientHeight - 2 * edge) / (ye - ys)));
  view.x = Math.max(edge, (stage.clientWidth - xe * view.scale) / 2);
  view.y = stage.clientHeight / 2 - (ys + ye) / 2 * view.scale;
  move();
}

// reveal moves a card into sight if it is not, and near enough to be read.
function reveal(i) {
  stage.scrollTo(0, 0); // focus scrolls what is hidden, too
  const { scale } = view, width = stage.clientWidth - panel.offsetWidth, height = stage.clientHeight;
  const x = view.x + at.x[i] * scale, y = view.y + top(i) * scale;
  if (scale >= 0.4 && x >= 0 && y >= 0 && x + WIDTH * scale <= width && y + HEAD * scale <= height) return;
  view.scale = Math.max(scale, 0.8);
  view.x = width / 2 - (at.x[i] + WIDTH / 2) * view.scale;
  view.y = height / 2 - Math.min(at.middle[i], top(i) + height / 3) * view.scale;
  move();
}

let grip = null; // where the pointer holds the stage
stage.addEventListener("pointerdown", (event) => {
  if (event.button === 0) grip = { x: event.clientX, y: event.clientY, moved: false };
});
stage.addEventListener("pointermove", (event) => {
  if (!grip) return;
  const dx = event.clientX - grip.x, dy = event.clientY - grip.y;
  if (!grip.moved && Math.hypot(dx, dy) < 4) return; // a click with a trembling hand
  stage.setPointerCapture(event.pointerId); // from here on no card is clicked
  stage.classList.add("held");
  view.x += dx;
  view.y += dy;
  grip = { x: event.clientX, y: event.clientY, moved: true };
  move();
});
for (const end of ["pointerup", "pointercancel"]) {
  stage.addEventListener(end, () => { grip = null; stage.classList.remove("held"); });
}
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  const box = stage.getBoundingClientRect();
  zoom(Math.exp(-event.deltaY * (event.ctrlKey ? 0.01 : 0.0015)), event.clientX - box.left, event.clientY - box.top);
}, { passive: false });

// toggleColumns opens all cards, or closes them if all are open.
function toggleColumns() {
  if (open.size === graph.nodes.length) open.clear();
  else graph.nodes.forEach((_, i) => open.add(i));
  arrange();
  fit();
  show();
}

const BUTTONS = { in: () => zoom(1.25), out: () => zoom(0.8), fit: () => fit(), columns: toggleColumns };
for (const [id, act] of Object.entries(BUTTONS)) {
  document.getElementById(id).addEventListener("click", act);
}

const STEP = 60;
const KEYS = {
  "/": () => { search.focus(); search.select(); },
  "+": () => zoom(1.25), "=": () => zoom(1.25), "-": () => zoom(0.8), 0: () => fit(),
  ArrowLeft: () => { view.x += STEP; move(); }, ArrowRight: () => { view.x -= STEP; move(); },
  ArrowUp: () => { view.y += STEP; move(); }, ArrowDown: () => { view.y -= STEP; move(); },
};
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    found.hidden = true;
    search.value = "";
    choose();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.target === search) return;
  if (event.key.startsWith("Arrow") && event.target !== stage) return;
  if (KEYS[event.key]) {
    event.preventDefault();
    KEYS[event.key]();
  }
});

// --- the start

cards = graph.nodes.map(card);
// In the order of the picture, so that Tab goes from left to right.
document.getElementById("cards").append(...graph.layers.flat().filter((item) => cards[item]).map((item) => cards[item]));
arrange();
fit(0.25);
window.addEventListener("hashchange", show);
show();
