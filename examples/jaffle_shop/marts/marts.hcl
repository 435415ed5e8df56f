# Marts: what people ask for. Each has an owner who answers for it.

asset "marts.order_items" {
  description = "One row per thing sold, with what it brought and what it cost"
  owner       = "finance@jaffle.shop"
  tags        = ["finance"]
  sql         = file("order_items.sql")

  column "order_item_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "gross_profit" {
    description = "Price less the cost of what went into it"
    type        = "DECIMAL(38,2)"
    check "expression" {
      expression = "gross_profit > 0"
      severity   = "warn" # a loss leader is allowed, but somebody should know
    }
  }
}

asset "marts.orders" {
  description = "One row per order: what was in it, and which of the customer's orders it was"
  owner       = "finance@jaffle.shop"
  tags        = ["finance"]
  sql         = file("orders.sql")

  column "order_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "customer_id" {
    check "not_null" {}
    check "relationships" { to = "marts.customers" }
  }
  check "expression" {
    name       = "items_add_up_to_the_receipt"
    expression = "items_total = subtotal"
  }
  check "sql" {
    name        = "no_order_was_lost"
    description = "Every receipt of the till has an order here"
    sql         = "select order_id from staging.orders anti join marts.orders using (order_id)"
  }
}

asset "marts.customers" {
  description = "One row per customer: what they ordered, what they spent, how they feel about us"
  owner       = "marketing@jaffle.shop"
  tags        = ["marketing"]
  sql         = file("customers.sql")

  column "customer_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "customer_type" {
    check "accepted_values" { values = ["none yet", "new", "returning"] }
  }
  column "lifetime_spend" {
    check "expression" { expression = "lifetime_spend >= 0" }
  }
}

asset "marts.products" {
  description = "One row per product on the menu: what it sold, brought and cost"
  owner       = "kitchen@jaffle.shop"
  tags        = ["menu"]
  sql         = file("products.sql")

  column "sku" {
    check "not_null" {}
    check "unique" {}
  }
  check "row_count" {
    min = 5
    max = 100
  }
}

asset "marts.stores" {
  description = "One row per shop, those that have not sold anything yet included"
  owner       = "finance@jaffle.shop"
  tags        = ["finance"]
  sql         = file("stores.sql")

  column "store_id" {
    check "not_null" {}
    check "unique" {}
  }
}

asset "marts.daily_revenue" {
  description = "Revenue and orders per shop and day"
  owner       = "finance@jaffle.shop"
  tags        = ["finance"]
  sql         = file("daily_revenue.sql")

  # Finance reads it at nine: by then it must reflect what the till had exported at six.
  freshness {
    max_lag = "3h"
    at      = "0 9 * * MON-FRI"
  }

  check "unique" { columns = ["store_id", "ordered_on"] }

  column "revenue" {
    type = "DECIMAL(38,2)"
    check "expression" { expression = "revenue >= 0" }
  }
}

# A view is published over the published table and is never out of step with it.
asset "marts.regulars" {
  description = "The customers marketing writes to: ten orders or more, and not unhappy"
  owner       = "marketing@jaffle.shop"
  tags        = ["marketing"]

  materialize "view" {}

  sql = <<-SQL
    select customer_id, customer_name, orders, lifetime_spend, last_ordered_on
    from marts.customers
    where orders >= 10 and unhappy_tweets = 0
  SQL
}
