asset "staging.flights" {
  description = "One row per scheduled departure; delays in minutes, negative when early, null when cancelled"
  tags        = ["staging"]
  sql         = file("flights.sql")

  check "unique" { columns = ["flight_date", "carrier", "flight_number", "origin"] }
  check "row_count" { min = 300000 }

  column "carrier" {
    check "relationships" { to = "staging.airlines" }
  }
  column "origin" {
    check "accepted_values" { values = ["EWR", "JFK", "LGA"] }
  }
  column "dest" {
    check "relationships" {
      to         = "staging.airports"
      to_columns = ["airport"]
      severity   = "warn" # Puerto Rico and the Virgin Islands are not in the list
    }
  }
  column "tail_number" {
    check "relationships" {
      to       = "staging.planes"
      severity = "warn" # American Airlines and Envoy report fleet numbers instead
    }
  }
  column "distance_miles" {
    check "expression" { expression = "distance_miles > 0" }
  }
  check "expression" {
    name       = "cancelled_flights_never_arrive"
    expression = "not (is_cancelled and arrival_delay is not null)"
  }
}

asset "staging.weather" {
  description = "The weather at each airport, hour by hour"
  tags        = ["staging"]
  sql         = file("weather.sql")

  check "unique" { columns = ["origin", "hour_utc"] }

  column "visibility_miles" {
    check "expression" { expression = "visibility_miles between 0 and 10" }
  }
  column "wind_mph" {
    check "expression" { expression = "wind_mph between 0 and 150" }
  }
  column "temperature_f" {
    check "expression" {
      expression = "temperature_f between -40 and 130"
      severity   = "warn"
    }
  }
}

asset "staging.planes" {
  tags = ["staging"]
  sql  = file("planes.sql")

  column "tail_number" {
    check "not_null" {}
    check "unique" {}
  }
  column "built" {
    check "expression" { expression = "built between 1950 and 2013" }
  }
}

asset "staging.airports" {
  tags = ["staging"]
  sql  = "select faa as airport, name as airport_name, lat, lon, tzone as timezone from raw.airports"

  column "airport" {
    check "not_null" {}
    check "unique" {}
  }
}

asset "staging.airlines" {
  tags = ["staging"]
  sql  = "select carrier, name as airline from raw.airlines"

  column "carrier" {
    check "not_null" {}
    check "unique" {}
  }
}
