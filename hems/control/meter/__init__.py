"""What a transactive meter signs and what it believes, one part per file; `hems.control.transactive_meter` joins them."""
