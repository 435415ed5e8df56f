# What the shop's till exports. The files are made elsewhere: they are observed, never built.

source "raw.customers" {
  description = "Everyone who ever signed up, whether they ordered or not"
  owner       = "till@jaffle.shop"
  files       = "data/raw_customers.csv"
}

source "raw.orders" {
  description = "One line per receipt, amounts in cents"
  owner       = "till@jaffle.shop"
  files       = "data/raw_orders.csv"
}

source "raw.items" {
  description = "One line per thing sold"
  owner       = "till@jaffle.shop"
  files       = "data/raw_items.csv"
}

source "raw.products" {
  description = "The menu, prices in cents"
  owner       = "kitchen@jaffle.shop"
  files       = "data/raw_products.csv"
}

source "raw.supplies" {
  description = "What goes into each product, costs in cents"
  owner       = "kitchen@jaffle.shop"
  files       = "data/raw_supplies.csv"
}

source "raw.stores" {
  description = "The shops and the sales tax they charge"
  owner       = "finance@jaffle.shop"
  files       = "data/raw_stores.csv"
}

source "raw.tweets" {
  description = "What customers say of us in public"
  owner       = "marketing@jaffle.shop"
  files       = "data/raw_tweets.csv"
}
