
// What is chosen, what is lit for it, and what the panel says. What is chosen
// stands in the address after #, so that it can be shared and "back" works.

// choose takes a name, and a column of it; or nothing, to choose nothing.
function choose(...path) {
  location.hash = path.map(encodeURIComponent).join("/");
}

// pick chooses an asset; one that is chosen already opens or closes.
function pick(i) {
  const now = chosen();
  if (now.i !== i || now.column !== undefined) choose(graph.nodes[i].name);
  else if (open.delete(i)) arrange(i);
  else show();
}

// chosen is what the address names, if the graph has it.
function chosen() {
  const [name, column] = location.hash.slice(1).split("/").map(decoded), i = lineage.byName.get(name);
  if (i === undefined) return {};
  return lineage.columns.has(key(name, column)) ? { i, name, column } : { i, name };
}

// decoded is a part of the address, as it stands there if nobody could have written it.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// show makes the page say what the address names.
function show() {
  const { i, name, column } = chosen();
  document.body.classList.toggle("tracing", i !== undefined);
  panel.hidden = i === undefined;
  steps = [];
  if (i === undefined) {
    mark(new Map());
    light();
    return;
  }
  if (!open.has(i)) {
    open.add(i);
    arrange(i);
  }
  if (column === undefined) {
    const sides = lineage.traceNode(i), nameOf = (n) => graph.nodes[n].name;
    steps = graph.edges.filter(({ from, to }) => sides.some((side) => side.has(from) && side.has(to)))
      .map(({ from, to }) => ({ from: key(nameOf(from)), node: nameOf(to) }));
    mark(new Map(sides.flatMap((side) => [...side]).map((n) => [nameOf(n), "value"])), name);
    describeNode(graph.nodes[i], i);
  } else {
    const trace = lineage.traceColumn(key(name, column));
    steps = trace.steps;
    const lit = new Map();
    for (const [keys, how] of [[trace.rows, "rows"], [trace.values, "value"]]) {
      for (const k of keys) lit.set(k, how).set(JSON.parse(k)[0], how);
    }
    for (const { node } of steps) if (!lit.has(node)) lit.set(node, "rows");
    mark(lit, name, column);
    describeColumn(graph.nodes[i], lineage.columns.get(key(name, column)).column, trace);
  }
  light();
  reveal(i);
}

// mark gives cards and rows the class they have in a map from a name or a column's key.
function mark(lit, name, column) {
  const set = (element, how, isChosen) => {
    element.classList.toggle("value", how === "value");
    element.classList.toggle("rows", how === "rows");
    element.classList.toggle("chosen", isChosen);
  };
  graph.nodes.forEach((node, i) => {
    set(cards[i], lit.get(node.name), node.name === name && column === undefined);
    cards[i].querySelectorAll(".column").forEach((element, n) => {
      const own = node.columns[n].name;
      set(element, lit.get(key(node.name, own)), node.name === name && own === column);
    });
  });
}

// What the panel says of the ways a column comes in.
const WAYS = {
  IDENTITY: "as it is", TRANSFORMATION: "transformed", AGGREGATION: "aggregated",
  CONDITIONAL: "as a condition, as in CASE WHEN", WINDOW: "as a key of a window", JOIN: "in the condition of a join",
  GROUP_BY: "as a key of grouping", FILTER: "in a filter", SORT: "as a key of sorting",
};

const button = (text, onclick, properties) => make("button", { type: "button", onclick, ...properties }, text);
const link = (...path) => button(path.join("."), () => choose(...path), { className: "link" });
const item = (o, ...path) => [link(...path), make("small", {}, WAYS[o.via] ?? o.via)];
const origin = (o) => (o.column === "" ? [`the order of the rows of ${o.name}`] : item(o, o.name, o.column));

// says is a paragraph, if there is something to say.
const says = (text) => (text ? [make("p", {}, text)] : []);

// list is a heading and its items, or what is said if there are none.
function list(title, items, none) {
  if (!items.length && !none) return [];
  const lines = items.map((parts) => make("li", {}, ...parts));
  return [make("h3", {}, title), ...(lines.length ? [make("ul", {}, ...lines)] : says(none))];
}

function tell(title, ...parts) {
  const close = button("×", () => choose(), { id: "close", title: "Close (Escape)" });
  panel.replaceChildren(close, make("h2", {}, title), ...parts);
  panel.scrollTop = 0;
}

function describeNode(node, i) {
  const names = (indices) => indices.map((n) => [link(graph.nodes[n].name)]);
  tell(node.name,
    ...says(summary(node)), ...says(node.description), ...says(node.unbound),
    ...says(node.owner && `Owner: ${node.owner}`), ...says(node.tags && `Tags: ${node.tags.join(", ")}`),
    ...list("Made from", names(lineage.inputs[i]), node.kind === "source" ? "" : "Nothing that is shown here."),
    ...list("Read by", names(lineage.readers[i]), "Nothing that is shown here."),
    ...list("Which rows there are depends on", node.rows_from.map(origin)),
    ...list("Columns", node.columns.map((c) => [link(node.name, c.name), make("small", {}, c.type)])));
}

function describeColumn(node, column, { values }) {
  const at = key(node.name, column.name), own = node.kind === "source";
  const others = [...values].filter((k) => k !== at);
  const begins = others.filter((k) => !own && lineage.columns.get(k)?.node.kind === "source");
  tell(column.name,
    make("p", {}, `${column.type}, column of the ${node.kind} `, link(node.name)), ...says(column.description),
    ...says(others.length ? `Its values come from or go to ${count(others.length, "other column")}, near and far.` : ""),
    ...opener(node, others),
    ...list("Computed from", column.from.map(origin), own ? "It comes from outside." : "No column: the same in every row, or counted."),
    ...list("Begins in", begins.map((k) => [link(...JSON.parse(k))])),
    ...list("Which rows there are depends on", node.rows_from.map(origin)),
    ...list("Feeds", (lineage.feeds.get(at) ?? []).map(origin), "No column that is shown here."),
    ...list("Decides which rows there are in", (lineage.decides.get(at) ?? []).map((o) => item(o, o.name))));
}

// opener is a button that opens the closed cards that hold some columns, if there are any.
function opener(node, keys) {
  const holders = new Set(keys.map((k) => lineage.byName.get(JSON.parse(k)[0])));
  const closed = [...holders].filter((i) => i !== undefined && !open.has(i));
  return closed.length ? [button(`Open ${count(closed.length, "card")} with them`, () => {
    closed.forEach((i) => open.add(i));
    arrange(lineage.byName.get(node.name));
    show();
  })] : [];
}
