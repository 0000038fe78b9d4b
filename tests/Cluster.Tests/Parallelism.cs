// Two clusters at once would slow each other down beyond what the scenarios allow for.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
