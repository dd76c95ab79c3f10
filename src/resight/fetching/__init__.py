"""Files of data sets from their hosts: downloaded with resume, checked, unpacked."""
