
// Lineage as data: who feeds whom. Nothing here touches the page.

// key names a column anywhere in the graph: JSON, as names may hold any character.
const key = (node, column) => JSON.stringify([node, column]);

// Lineage answers what a column or an asset comes from and what it feeds.
class Lineage {
  constructor({ nodes, edges }) {
    this.nodes = nodes;
    this.byName = new Map(nodes.map((node, i) => [node.name, i]));
    this.inputs = nodes.map(() => []);
    this.readers = nodes.map(() => []);
    for (const { from, to } of edges) {
      this.inputs[to].push(from);
      this.readers[from].push(to);
    }
    // feeds: per column what is computed from it; decides: per column the assets
    // whose rows depend on it.
    this.columns = new Map();
    this.feeds = new Map();
    this.decides = new Map();
    for (const node of nodes) {
      for (const column of node.columns) {
        this.columns.set(key(node.name, column.name), { node, column });
        for (const { name, column: from, via } of column.from) {
          append(this.feeds, key(name, from), { name: node.name, column: column.name, via });
        }
      }
      for (const o of node.rows_from) append(this.decides, key(o.name, o.column), { name: node.name, via: o.via });
    }
  }

  // traceColumn finds all that a column comes from and all that comes from it.
  // `values` are the columns on ways of values alone, `rows` those that are
  // reached only where something decides which rows there are. `steps` are those
  // between them: from a column to a column, or to an asset as a whole (`node`).
  traceColumn(start) {
    const values = new Set([start]), rows = new Set(), taken = [];
    for (const steps of [(at) => this.above(at), (at) => this.below(at)]) {
      const reached = new Set([start]);
      follow(reached, (at) => steps(at).filter((step) => step.value));
      reached.forEach((at) => values.add(at));
      follow(reached, steps);
      for (const at of reached) {
        if (!values.has(at)) rows.add(at);
        for (const { step, value } of steps(at)) taken.push({ ...step, rows: !(value && values.has(at)) });
      }
    }
    values.forEach((at) => rows.delete(at));
    return { values, rows, steps: distinct(taken) };
  }

  // above are the steps from a column to what it comes from. `value` says that
  // values go there.
  above(at) {
    const known = this.columns.get(at);
    if (!known) return [];
    const step = (o, value, end) => ({ to: key(o.name, o.column), value, step: { from: key(o.name, o.column), ...end } });
    return [
      ...known.column.from.map((o) => step(o, true, { to: at })),
      ...known.node.rows_from.map((o) => step(o, false, { node: known.node.name })),
    ];
  }

  // below are the steps from a column to what comes from it. A column that decides
  // which rows there are leads to every column of that asset.
  below(at) {
    const values = this.feeds.get(at) ?? [], rows = this.decides.get(at) ?? [];
    const columns = (name) => this.nodes[this.byName.get(name)].columns;
    return [
      ...values.map((o) => key(o.name, o.column)).map((to) => ({ to, value: true, step: { from: at, to } })),
      ...rows.flatMap(({ name }) => columns(name).map((c) => ({ to: key(name, c.name), value: false, step: { from: at, node: name } }))),
    ];
  }

  // traceNode finds all nodes that a node is made from, and all that are made from it.
  traceNode(index) {
    return [this.inputs, this.readers].map((next) => {
      const reached = new Set([index]);
      follow(reached, (i) => next[i].map((to) => ({ to })));
      return reached;
    });
  }
}

// follow adds to a set all that is reached from it. A Set that grows is iterated
// to its end.
function follow(reached, steps) {
  for (const at of reached) for (const { to } of steps(at)) reached.add(to);
}

function append(map, at, item) {
  if (!map.has(at)) map.set(at, []);
  map.get(at).push(item);
}

// distinct drops steps that are there twice, and prefers those of values.
function distinct(steps) {
  const kept = new Map();
  for (const step of steps) {
    const at = JSON.stringify([step.from, step.to, step.node]);
    if (!kept.has(at) || !step.rows) kept.set(at, step);
  }
  return [...kept.values()];
}
