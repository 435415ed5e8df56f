asset "staging.views" {
  description = "Each view once. A view that lasts longer than its title is put aside"
  owner       = "data@example.com"
  contract    = "strict"
  sql         = file("sql/views.sql")

  column "view_id" {
    type     = "VARCHAR"
    nullable = false
    check "unique" {}
  }
  column "user_id" {
    type     = "INTEGER"
    nullable = false
  }
  column "title_id" {
    type     = "INTEGER"
    nullable = false
    check "relationships" { to = "raw.titles" }
  }
  column "country" {
    type = "VARCHAR"
    check "accepted_values" { values = ["DE", "FR", "GB"] }
  }
  column "device" {
    type = "VARCHAR"
  }
  column "started_at" {
    type        = "TIMESTAMP"
    nullable    = false
    description = "In UTC"
  }
  column "night" {
    type        = "DATE"
    nullable    = false
    description = "The day on which the night began"
  }
  column "seconds" {
    type        = "INTEGER"
    nullable    = false
    description = "How long it was watched"
    check "between" { min = 1 }
  }
  column "longest" {
    type        = "INTEGER"
    description = "How many seconds the title lasts"
  }
  check "expression" {
    name        = "no_longer_than_the_title"
    description = "A few players never stop counting. If it is many, somebody changed the unit"
    expression  = "seconds <= longest"
    quarantine  = true
    max_share   = "5%"
  }
}

asset "mart.watch_time" {
  description = "How long each title was watched, for each night and country"
  owner       = "data@example.com"
  sql         = file("sql/watch_time.sql")

  column "seconds" {
    check "between" { min = 1 }
  }
  check "unique" { columns = ["night", "country", "title_id"] }
  check "reconcile" {
    expression = "sum(seconds)"
    to         = "staging.views"
  }
}

asset "mart.top_picks" {
  description = "The three titles that each country watched longest in the last night: what its front page shows"
  owner       = "frontpage@example.com"
  tags        = ["front page"]
  sql         = file("sql/top_picks.sql")

  # At 08:00 on London's clocks it reflects all that had arrived by 06:00.
  freshness {
    max_lag  = "2h"
    at       = "0 8 * * *"
    timezone = "Europe/London"
  }

  column "place" {
    check "between" {
      min = 1
      max = 3
    }
  }
  check "unique" { columns = ["country", "place"] }
}

asset "mart.now_watching" {
  description = "How many people watch on which device, in the last hour that was delivered"
  owner       = "operations@example.com"
  sql         = file("sql/now_watching.sql")

  freshness { max_lag = "1h" }

  column "viewers" {
    check "between" { min = 1 }
  }
}
