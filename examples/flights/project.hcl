project "flights" {
  warehouse = "warehouse.duckdb"
  timezone  = "America/New_York"
}

# The US Department of Transportation calls a flight late from this many minutes on.
variable "late_after" {
  type    = number
  default = 15
}
