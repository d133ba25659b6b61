"""The doctor on a schedule, beside a controller: a process for each look, which ends with it."""
