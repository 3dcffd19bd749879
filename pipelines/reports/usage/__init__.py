"""The report for people who run a service: a page of pictures and sentences made from the marts."""
