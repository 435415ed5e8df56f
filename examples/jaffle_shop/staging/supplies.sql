select
    id                             as supply_id,
    sku,
    name                           as supply_name,
    (cost / 100)::decimal(12, 2)   as cost,
    perishable                     as is_perishable
from raw.supplies
