"""The benchmarks of `cim bench`: each line measures us and, where one installs, a rival, in the same run on one cluster."""
