from marts.orders
select
    store_id,
    ordered_on,
    count(*)                      as orders,
    count(distinct customer_id)   as customers,
    sum(items)::bigint            as items,
    sum(subtotal)                 as revenue
group by all
