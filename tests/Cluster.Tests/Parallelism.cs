// Two classes at a time. More clusters at once would slow each other down beyond what the scenarios allow for.
[assembly: CollectionBehavior(MaxParallelThreads = 2)]
