"""Many runs, compared: which method harms whom, and how sure can one be of it.

``plan`` reads what is to be compared, ``cells`` measures one run, ``resampling`` says how far a
mean over seeds can be trusted, ``comparison`` sets methods against each other, ``pages`` shows it.
"""
