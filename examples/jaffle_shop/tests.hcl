# What the SQL must make of rows that are made up: `assets test`.

test "an_order_without_items_is_an_order" {
  asset = "marts.orders"

  given "staging.orders" {
    rows = [
      { order_id = "a", customer_id = "ann", ordered_at = "2024-09-01 08:30:00" },
      { order_id = "b", customer_id = "ann", ordered_at = "2024-09-02 07:15:00" },
    ]
  }
  given "marts.order_items" {
    rows = [
      { order_id = "b", product_type = "jaffle", price = 11.00, supply_cost = 2.50 },
      { order_id = "b", product_type = "beverage", price = 4.50, supply_cost = 0.75 },
    ]
  }

  expect {
    rows = [
      { order_id = "a", items = 0, jaffles = 0, beverages = 0, items_total = 0, nth_of_customer = 1 },
      { order_id = "b", items = 2, jaffles = 1, beverages = 1, items_total = 15.50, nth_of_customer = 2 },
    ]
  }
}

test "a_customer_who_comes_twice_is_one_customer" {
  asset = "marts.daily_revenue"

  given "marts.orders" {
    rows = [
      { store_id = "1", ordered_on = "2024-09-01", customer_id = "ann", items = 2, subtotal = 10 },
      { store_id = "1", ordered_on = "2024-09-01", customer_id = "ann", items = 1, subtotal = 5.50 },
      { store_id = "1", ordered_on = "2024-09-01", customer_id = "bob", items = 1, subtotal = 4 },
    ]
  }

  expect {
    rows = [{ store_id = "1", ordered_on = "2024-09-01", orders = 3, customers = 2, items = 4, revenue = 19.50 }]
  }
}
