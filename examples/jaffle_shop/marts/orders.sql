with items as (
    select
        order_id,
        count(*)                                              as items,
        count(*) filter (where product_type = 'jaffle')       as jaffles,
        count(*) filter (where product_type = 'beverage')     as beverages,
        sum(price)                                            as items_total,
        sum(supply_cost)                                      as supply_cost
    from marts.order_items
    group by order_id
)

select
    orders.order_id,
    orders.customer_id,
    orders.store_id,
    orders.ordered_at,
    orders.ordered_on,
    coalesce(items.items, 0)                        as items,
    coalesce(items.jaffles, 0)                      as jaffles,
    coalesce(items.beverages, 0)                    as beverages,
    coalesce(items.items_total, 0)                  as items_total,
    coalesce(items.supply_cost, 0)                  as supply_cost,
    orders.subtotal,
    orders.tax_paid,
    orders.order_total,
    row_number() over (
        partition by orders.customer_id
        order by orders.ordered_at, orders.order_id
    )                                               as nth_of_customer
from staging.orders as orders
left join items using (order_id)
