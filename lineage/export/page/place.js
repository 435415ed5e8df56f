
// Where cards are. The order within layers was decided when the page was written;
// how high a card is changes as it is opened.

const WIDTH = 240, HEAD = 42, ROW = 22, CARD_GAP = 22, BEND_GAP = 8, LANE = 110;

// place gives each item, a node or an edge's bend, its left side and its middle.
// room is the height that an item takes up, with the gap to the next one.
function place({ edges, layers }, room) {
  const middle = [], x = [], left = new Map(), right = new Map();
  for (const edge of edges) {
    const path = [edge.from, ...edge.bends, edge.to];
    for (let i = 1; i < path.length; i++) {
      append(left, path[i], path[i - 1]);
      append(right, path[i - 1], path[i]);
    }
  }
  layers.forEach((layer, i) => layer.forEach((item) => {
    x[item] = i * (WIDTH + LANE);
    middle[item] = 0;
  }));
  const settle = (layer, ...sides) => {
    const wants = layer.map((item) => {
      const near = sides.flatMap((side) => side.get(item) ?? []);
      return near.length ? near.reduce((sum, other) => sum + middle[other], 0) / near.length : middle[item];
    });
    spread(wants, layer.map(room)).forEach((y, i) => { middle[layer[i]] = y; });
  };
  for (const layer of layers) settle(layer, left);
  for (const layer of [...layers].reverse()) settle(layer, right);
  for (const layer of layers) settle(layer, left, right);
  return { x, middle };
}

// spread keeps the items of a layer in order and apart, as near to where they want
// to be as that allows: items that touch move as one block, to their mean.
function spread(wants, heights) {
  const blocks = [], offsets = [];
  let down = 0;
  wants.forEach((want, i) => {
    offsets.push(down + heights[i] / 2);
    down += heights[i];
    let block = { first: i, top: want - offsets[i], size: 1 };
    while (blocks.length && blocks.at(-1).top >= block.top) {
      const above = blocks.pop(), size = above.size + block.size;
      block = { first: above.first, top: (above.top * above.size + block.top * block.size) / size, size };
    }
    blocks.push(block);
  });
  return blocks.flatMap(({ first, top, size }) => offsets.slice(first, first + size).map((offset) => top + offset));
}

// curve is an SVG path through points, level at each of them.
function curve(points) {
  let path = `M${points[0]}`;
  for (let i = 1; i < points.length; i++) {
    const [x0, y0] = points[i - 1], [x1, y1] = points[i], half = (x0 + x1) / 2;
    path += `C${half},${y0} ${half},${y1} ${x1},${y1}`;
  }
  return path;
}
