select
    id                                    as order_id,
    customer                              as customer_id,
    store_id,
    ordered_at::timestamp                 as ordered_at,
    ordered_at::date                      as ordered_on,
    (subtotal / 100)::decimal(12, 2)      as subtotal,
    (tax_paid / 100)::decimal(12, 2)      as tax_paid,
    (order_total / 100)::decimal(12, 2)   as order_total
from raw.orders
