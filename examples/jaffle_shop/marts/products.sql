select
    products.sku,
    products.product_name,
    products.product_type,
    products.price,
    count(items.order_item_id)                                        as units_sold,
    coalesce(sum(items.price), 0)                                     as revenue,
    coalesce(sum(items.gross_profit), 0)                              as gross_profit,
    (100 * sum(items.gross_profit) / sum(items.price))::decimal(5, 1)  as margin_percent,
    rank() over (order by coalesce(sum(items.price), 0) desc)         as revenue_rank
from staging.products       as products
left join marts.order_items as items using (sku)
group by all
