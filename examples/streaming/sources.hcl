source "raw.views" {
  description = "What was watched: one file an hour of the night, a few minutes after the hour. The collector sends some views twice"
  owner       = "collector@example.com"
  files       = "data/views/*/*.csv"
  format "csv" {
    types = { view_id = "VARCHAR", user_id = "INTEGER", title_id = "INTEGER", country = "VARCHAR", device = "VARCHAR", started_at = "TIMESTAMP", seconds = "INTEGER" }
  }
  freshness { max_age = "26h" } # the collector's promise: some of it comes every day
}

source "raw.titles" {
  description = "The catalogue"
  owner       = "catalogue@example.com"
  files       = "data/titles.csv"
  format "csv" {
    types = { title_id = "INTEGER", minutes = "INTEGER" }
  }
}
