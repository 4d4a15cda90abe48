# Prints the range of each oblast and month, and the range of what is placed there.
library(readr)

address <- "http://127.0.0.1:8000/v1/totals?place=example-country&outcomes=killed&by=place,month"
totals <- read_csv(paste0(address, "&format=csv"), show_col_types = FALSE)
parts <- totals[totals$row == "part", ]
columns <- c("key", "key2", "low", "high", "placed_low", "placed_high", "shape")
print(as.data.frame(parts[columns]), row.names = FALSE)
