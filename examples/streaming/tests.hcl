# What the SQL must make of views that are made up: `assets test`.

test "a_view_that_was_sent_twice_is_one_view" {
  asset = "staging.views"

  given "raw.views" {
    rows = [
      { view_id = "V1", user_id = 7, title_id = 1, country = "GB", started_at = "2026-03-29 00:30:00", seconds = 1200 },
      { view_id = "V1", user_id = 7, title_id = 1, country = "GB", started_at = "2026-03-29 00:30:00", seconds = 1200 },
    ]
  }
  given "raw.titles" {
    rows = [{ title_id = 1, title = "Low Tide", minutes = 50 }]
  }

  expect {
    rows = [{ view_id = "V1", night = "2026-03-28", seconds = 1200, longest = 3000 }]
  }
}

test "nobody_watches_longer_than_a_title_lasts" {
  asset = "staging.views"

  given "raw.views" {
    rows = [
      { view_id = "V1", user_id = 7, title_id = 1, country = "GB", started_at = "2026-03-29 00:30:00", seconds = 3000 },
      { view_id = "V2", user_id = 8, title_id = 1, country = "GB", started_at = "2026-03-29 00:30:00", seconds = 3001 },
    ]
  }
  given "raw.titles" {
    rows = [{ title_id = 1, title = "Low Tide", minutes = 50 }]
  }

  expect_check "no_longer_than_the_title" {
    status     = "failed" # apply puts the row aside
    violations = 1
  }
}

test "top_picks_are_those_of_the_last_night" {
  asset = "mart.top_picks"

  given "mart.watch_time" {
    rows = [
      { night = "2026-03-27", country = "GB", title_id = 1, title = "Low Tide", viewers = 9, seconds = 72000 },
      { night = "2026-03-28", country = "GB", title_id = 2, title = "The Ferry", viewers = 2, seconds = 3600 },
      { night = "2026-03-28", country = "GB", title_id = 3, title = "Night Bus", viewers = 3, seconds = 9000 },
    ]
  }

  expect {
    rows = [
      { country = "GB", place = 1, title = "Night Bus", hours = 2.5 },
      { country = "GB", place = 2, title = "The Ferry", hours = 1 },
    ]
  }
}
