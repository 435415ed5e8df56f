select
    tailnum       as tail_number,
    year          as built,
    manufacturer,
    model,
    engines,
    seats
from raw.planes
