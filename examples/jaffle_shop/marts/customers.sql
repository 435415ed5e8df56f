with spending as (
    select
        customer_id,
        count(*)          as orders,
        min(ordered_on)   as first_ordered_on,
        max(ordered_on)   as last_ordered_on,
        sum(order_total)  as lifetime_spend
    from marts.orders
    group by customer_id
),

voices as (
    select
        customer_id,
        count(*)                                    as tweets,
        count(*) filter (where mood = 'unhappy')    as unhappy_tweets
    from staging.tweets
    group by customer_id
)

select
    customers.customer_id,
    customers.customer_name,
    coalesce(spending.orders, 0)           as orders,
    spending.first_ordered_on,
    spending.last_ordered_on,
    coalesce(spending.lifetime_spend, 0)   as lifetime_spend,
    case
        when spending.orders is null then 'none yet'
        when spending.orders = 1     then 'new'
        else 'returning'
    end                                    as customer_type,
    coalesce(voices.tweets, 0)             as tweets,
    coalesce(voices.unhappy_tweets, 0)     as unhappy_tweets
from staging.customers as customers
left join spending using (customer_id)
left join voices using (customer_id)
