select
    id  as order_item_id,
    order_id,
    sku
from raw.items
