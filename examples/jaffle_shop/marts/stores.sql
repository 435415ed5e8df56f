select
    stores.store_id,
    stores.store_name,
    stores.opened_on,
    stores.tax_rate,
    count(orders.order_id)                   as orders,
    count(distinct orders.customer_id)       as customers,
    coalesce(sum(orders.subtotal), 0)        as revenue,
    coalesce(sum(orders.tax_paid), 0)        as tax_owed,
    max(orders.ordered_on)                   as last_ordered_on
from staging.stores   as stores
left join marts.orders as orders using (store_id)
group by all
