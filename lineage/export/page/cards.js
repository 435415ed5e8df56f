
// Cards and the edges between them. Every text of the project is set as text,
// never as HTML.

const FEW = 60; // nodes up to which all cards are open at the start

const graph = JSON.parse(document.getElementById("data").textContent);
const lineage = new Lineage(graph);
const [stage, world, panel, search, found] = ["stage", "world", "panel", "search", "found"]
  .map((id) => document.getElementById(id));
const edgeBetween = new Map(graph.edges.map((edge) => [`${edge.from} ${edge.to}`, edge]));
const open = new Set(graph.nodes.length > FEW ? [] : graph.nodes.keys()); // whose columns are shown
const view = { x: 0, y: 0, scale: 1 };
let cards = []; // elements, by node
let at = { x: [], middle: [] }; // where items are
let steps = []; // the lit ones

// make is an element with properties and children; a string is a text.
function make(tag, properties, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
}

// card is a node's card. Its columns come when it is opened.
function card(node, i) {
  const properties = { type: "button", className: "head", title: node.description || node.name, onclick: () => pick(i) };
  const head = make("button", properties, node.name, make("small", {}, summary(node)));
  const element = make("div", { className: `card ${node.kind}` }, head);
  element.addEventListener("focusin", (event) => event.target.matches(":focus-visible") && reveal(i));
  return element;
}

function summary({ kind, columns, unbound }) {
  if (unbound) return `${kind}, columns not known`;
  return columns.length ? `${kind}, ${count(columns.length, "column")}` : kind;
}

const count = (n, word) => `${n} ${word}${n === 1 ? "" : "s"}`;

const height = (i) => HEAD + (open.has(i) ? ROW * graph.nodes[i].columns.length : 0);
const room = (item) => (graph.nodes[item] ? height(item) + CARD_GAP : BEND_GAP);

// fill gives a card the rows of its columns, or takes them away.
function fill(i) {
  const node = graph.nodes[i], rows = cards[i].querySelectorAll(".column");
  cards[i].firstChild.ariaExpanded = open.has(i);
  if (!open.has(i)) rows.forEach((row) => row.remove());
  else if (!rows.length) {
    cards[i].append(...node.columns.map(({ name, type }) => make("button", {
      type: "button", className: "column", title: `${name} ${type}`, onclick: () => choose(node.name, name),
    }, make("small", {}, type), name)));
  }
}

// arrange places everything anew. The anchor, a card, stays where it is on the screen.
function arrange(anchor) {
  const before = anchor === undefined ? 0 : cards[anchor].offsetTop;
  at = place(graph, room);
  if (anchor !== undefined) view.y += (before - top(anchor)) * view.scale;
  cards.forEach((element, i) => {
    fill(i);
    element.style.left = `${at.x[i]}px`;
    element.style.top = `${top(i)}px`;
  });
  draw("ways", graph.edges.map((edge) => ({ path: way(edge, head(edge.from), head(edge.to)) })));
  light();
  move();
}

const top = (i) => at.middle[i] - height(i) / 2;
const head = (i) => top(i) + HEAD / 2;

// way is the path along an edge, from one height to another.
function way({ from, to, bends }, y0, y1) {
  const inner = bends.flatMap((bend) => [[at.x[bend], at.middle[bend]], [at.x[bend] + WIDTH, at.middle[bend]]]);
  return curve([[at.x[from] + WIDTH, y0], ...inner, [at.x[to], y1]]);
}

function draw(id, lines) {
  document.getElementById(id).replaceChildren(...lines.map(({ path, rows }) => {
    const element = document.createElementNS("http://www.w3.org/2000/svg", "path");
    element.setAttribute("d", path);
    if (rows) element.setAttribute("class", "rows");
    return element;
  }));
}

// light draws the lit steps: from row to row, or to the head of a card where they
// decide which rows it has, or whose columns are not shown. Values lie on top.
function light() {
  const lines = steps.flatMap(({ from, to, node, rows }) => {
    const [name, column] = JSON.parse(from), [toName, toColumn] = to ? JSON.parse(to) : [node];
    const edge = edgeBetween.get(`${lineage.byName.get(name)} ${lineage.byName.get(toName)}`);
    return edge ? [{ path: way(edge, row(edge.from, column), row(edge.to, toColumn)), rows }] : [];
  });
  draw("lit", [...lines.filter((line) => line.rows), ...lines.filter((line) => !line.rows)]);
}

// row is how high a column lies, or its card's head if it is not shown.
function row(i, column) {
  const n = open.has(i) ? graph.nodes[i].columns.findIndex((c) => c.name === column) : -1;
  return n < 0 ? head(i) : top(i) + HEAD + ROW * (n + 0.5);
}
