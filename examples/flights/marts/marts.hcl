asset "marts.flights" {
  description = "One row per flight, with its airline, its plane and the weather it should have left in"
  owner       = "operations@example.com"
  sql         = templatefile("flights.sql", { late_after = var.late_after })

  check "unique" { columns = ["flight_date", "carrier", "flight_number", "origin"] }
  check "sql" {
    name        = "no_flight_was_lost"
    description = "Neither the joins above drop a flight, nor do they double one"
    sql         = <<-SQL
      select (select count(*) from staging.flights) as scheduled, (select count(*) from marts.flights) as here
      where scheduled <> here
    SQL
  }
  column "conditions" {
    check "accepted_values" { values = ["fair", "light rain", "heavy rain", "fog", "storm", "unknown"] }
  }
}

asset "marts.airline_delays" {
  description = "How late each airline is"
  owner       = "operations@example.com"
  tags        = ["published"]
  sql         = templatefile("delays.sql", { by = "carrier, airline" })

  column "carrier" {
    check "not_null" {}
    check "unique" {}
  }
}

asset "marts.route_delays" {
  description = "How late each route is"
  owner       = "operations@example.com"
  tags        = ["published"]
  sql         = templatefile("delays.sql", { by = "origin, dest" })

  check "unique" { columns = ["origin", "dest"] }
}

asset "marts.weather_delays" {
  description = "How late the flights from each airport are, by the weather at departure"
  owner       = "operations@example.com"
  tags        = ["published"]
  sql         = templatefile("delays.sql", { by = "origin, conditions" })

  check "unique" { columns = ["origin", "conditions"] }
}

asset "marts.hour_delays" {
  description = "How late flights are, by the hour they were to leave"
  owner       = "operations@example.com"
  tags        = ["published"]
  sql         = templatefile("delays.sql", { by = "hour(scheduled_local) as hour" })

  column "hour" {
    check "unique" {}
    check "expression" { expression = "hour between 0 and 23" }
  }
}

asset "marts.worst_routes" {
  description = "The twenty routes to avoid, of those flown once a week or more"
  owner       = "operations@example.com"
  tags        = ["published"]

  materialize "view" {}

  sql = <<-SQL
    from marts.route_delays
    where flights >= 52
    order by late_percent desc, origin, dest
    limit 20
  SQL
}
