# Staging: one table for each source. Names, types and units are made right here
# and nowhere else, so that a change of the till's export is mended in one place.

asset "staging.customers" {
  description = "Everyone who ever signed up"
  owner       = "data@jaffle.shop"
  tags        = ["staging"]
  sql         = file("customers.sql")

  column "customer_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "customer_name" {
    check "not_null" {}
  }
}

asset "staging.orders" {
  description = "One row per receipt, amounts in dollars"
  owner       = "data@jaffle.shop"
  tags        = ["staging", "finance"]
  sql         = file("orders.sql")

  column "order_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "customer_id" {
    check "relationships" { to = "staging.customers" }
  }
  column "store_id" {
    check "relationships" { to = "staging.stores" }
  }
  column "order_total" {
    type = "DECIMAL(12,2)"
  }
  check "expression" {
    name       = "receipts_add_up"
    expression = "subtotal + tax_paid = order_total"
  }
  check "expression" {
    name       = "no_order_before_opening_day"
    expression = "ordered_on >= date '${var.opening_day}'"
  }
  check "row_count" { min = 1000 }
}

asset "staging.order_items" {
  description = "One row per thing sold"
  owner       = "data@jaffle.shop"
  tags        = ["staging"]
  sql         = file("order_items.sql")

  column "order_item_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "order_id" {
    check "relationships" { to = "staging.orders" }
  }
  column "sku" {
    check "relationships" { to = "staging.products" }
  }
}

asset "staging.products" {
  description = "The menu, prices in dollars"
  owner       = "data@jaffle.shop"
  tags        = ["staging", "menu"]
  sql         = file("products.sql")

  column "sku" {
    description = "Stock keeping unit: JAF-… for jaffles, BEV-… for beverages"
    check "not_null" {}
    check "unique" {}
  }
  column "product_type" {
    check "accepted_values" { values = ["jaffle", "beverage"] }
  }
  column "price" {
    type = "DECIMAL(12,2)"
    check "expression" { expression = "price > 0" }
  }
}

asset "staging.supplies" {
  description = "What goes into each product, costs in dollars"
  owner       = "data@jaffle.shop"
  tags        = ["staging", "menu"]
  sql         = file("supplies.sql")

  # One supply goes into many products: only the pair is unique.
  check "unique" { columns = ["supply_id", "sku"] }

  column "sku" {
    check "relationships" { to = "staging.products" }
  }
  column "cost" {
    check "expression" { expression = "cost > 0" }
  }
}

asset "staging.stores" {
  description = "The shops and the sales tax they charge"
  owner       = "data@jaffle.shop"
  tags        = ["staging"]
  sql         = file("stores.sql")

  column "store_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "tax_rate" {
    check "expression" { expression = "tax_rate between 0 and 0.2" }
  }
}

asset "staging.tweets" {
  description = "What customers say of us, and in which mood"
  owner       = "data@jaffle.shop"
  tags        = ["staging", "marketing"]
  sql         = file("tweets.sql")

  column "tweet_id" {
    check "not_null" {}
    check "unique" {}
  }
  column "customer_id" {
    check "relationships" { to = "staging.customers" }
  }
  column "mood" {
    check "accepted_values" { values = ["happy", "neutral", "unhappy"] }
  }
}
