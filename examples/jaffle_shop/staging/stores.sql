select
    id                        as store_id,
    name                      as store_name,
    opened_at::date           as opened_on,
    tax_rate::decimal(6, 4)   as tax_rate
from raw.stores
