// Two clusters at once would starve each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
