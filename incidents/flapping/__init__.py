"""An autoscaler that cannot make up its mind: pods come and go all the time, under load."""
