select
  order_date,
  count(*) as orders,
  sum(amount) as revenue
from staging.orders
group by order_date
