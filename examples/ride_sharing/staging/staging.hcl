asset "staging.trips" {
  description = "Each trip once. What no driver can be paid for is put aside"
  owner       = "data@example.com"
  contract    = "strict"
  sql         = file("trips.sql")

  column "trip_id" {
    type     = "VARCHAR"
    nullable = false
    check "unique" {}
    check "matches" { pattern = "^T[0-9]{8}$" }
  }
  column "driver_id" {
    type     = "BIGINT"
    nullable = false
  }
  column "night" {
    type        = "DATE"
    nullable    = false
    description = "The day on which the night began"
  }
  column "picked_up_at" {
    type = "TIMESTAMP"
  }
  column "minutes" {
    type = "BIGINT"
    check "between" {
      min       = 1
      max       = 240
      tolerance = "0.5%"
    }
  }
  column "km" {
    type = "DECIMAL(6,1)"
  }
  column "fare" {
    type = "DECIMAL(8,2)"
    check "between" {
      min        = 0
      quarantine = true
    }
  }
  column "currency" {
    type = "VARCHAR"
    check "accepted_values" {
      values     = ["EUR"]
      quarantine = true
      max_share  = "25%"
    }
  }
  check "no_gaps" { columns = ["night"] }
}
