select
    sku,
    trim(name)                      as product_name,
    type                            as product_type,
    (price / 100)::decimal(12, 2)   as price,
    trim(description)               as product_description
from raw.products
