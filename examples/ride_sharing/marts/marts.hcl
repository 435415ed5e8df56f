asset "marts.driver_earnings" {
  description = "What each driver is paid for a night"
  owner       = "payroll@example.com"
  tags        = ["payroll"]
  sql         = <<-SQL
    select night, driver_id, driver, count(*) as trips, sum(earned) as earnings
    from dwh.trips
    group by all
  SQL

  check "unique" { columns = ["night", "driver_id"] }
  check "reconcile" {
    name          = "almost_all_trips_are_paid"
    description   = "Nobody is paid before nearly all trips that the app delivered are understood. Those that are not: assets quarantine show staging.trips"
    expression    = "sum(trips)"
    to            = "raw.trips"
    to_expression = "count(distinct trip_id)"
    tolerance     = "2%"
  }
}

asset "marts.accounting" {
  description = "The file for accounting: one line a night and driver, amounts in euros"
  owner       = "accounting@example.com"
  tags        = ["payroll"]
  sql         = <<-SQL
    select strftime(night, '%d/%m/%Y') as night, driver_id, driver, earnings as amount, 'EUR' as currency
    from marts.driver_earnings
  SQL

  column "amount" {
    check "between" { min = 0 }
  }
  check "reconcile" {
    expression    = "sum(amount)"
    to            = "marts.driver_earnings"
    to_expression = "sum(earnings)"
  }
}
