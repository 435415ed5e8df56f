project "PROJECT" {
  warehouse = "warehouse.duckdb"
}

# A source is data made outside: observed, never built.
source "raw.orders" {
  files = "data/orders.csv"
}

# An asset is data the project builds. What it is made from is read from its SQL.
asset "staging.orders" {
  description = "One row per order, amounts in euros"
  sql         = file("staging/orders.sql")

  column "order_id" {
    check "unique" {}
    check "not_null" {}
  }
}

asset "mart.daily_sales" {
  description = "Revenue per day"
  sql         = file("mart/daily_sales.sql")

  check "expression" {
    expression = "revenue >= 0"
  }
}
