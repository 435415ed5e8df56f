source "raw.flights" {
  description = "Departures of 2013; times as hhmm, everything that can be missing as text"
  files       = "data/flights.parquet"
}

source "raw.weather" {
  description = "Hourly readings at the three airports"
  files       = "data/weather.csv.gz"
  format "csv" {
    nullstr = "NA"
  }
}

source "raw.planes" {
  description = "The register of planes by tail number"
  files       = "data/planes.csv"
  format "csv" {
    nullstr = "NA"
  }
}

source "raw.airports" {
  description = "Airports of the United States, territories excluded"
  files       = "data/airports.csv"
}

source "raw.airlines" {
  description = "Carrier codes"
  files       = "data/airlines.csv"
}
