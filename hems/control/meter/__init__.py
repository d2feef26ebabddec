"""What a transactive meter signs and believes, one part per file; `hems.control.transactive_meter` joins them."""
