"""What must happen to NGINX: a tuple of steps computed by pure functions, performed by ``nginxd``."""
