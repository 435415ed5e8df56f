select
  order_id,
  customer,
  ordered_at as order_date,
  (amount_cents / 100)::decimal(12, 2) as amount
from raw.orders
