with supply_costs as (
    select sku, sum(cost) as supply_cost
    from staging.supplies
    group by sku
)

select
    items.order_item_id,
    items.order_id,
    orders.ordered_on,
    orders.store_id,
    items.sku,
    products.product_name,
    products.product_type,
    products.price,
    supply_costs.supply_cost,
    products.price - supply_costs.supply_cost  as gross_profit
from staging.order_items as items
join staging.orders      as orders using (order_id)
join staging.products    as products using (sku)
join supply_costs using (sku)
