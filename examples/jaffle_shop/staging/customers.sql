select
    id          as customer_id,
    trim(name)  as customer_name
from raw.customers
