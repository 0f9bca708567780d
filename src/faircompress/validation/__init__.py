"""What makes a data set unfit, and the page that says so."""
