"""Markets at several places: the exact welfare optimum of orders at nodes that arcs with costs and limits join."""
