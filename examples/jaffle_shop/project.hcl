project "jaffle_shop" {
  warehouse = "warehouse.duckdb"
  timezone  = "America/New_York"
}

# Nobody can have ordered before the first shop opened its doors.
variable "opening_day" {
  type    = string
  default = "2018-09-01"
}
