// Memory and metrics belong to the whole process: what one test measures, another must not move.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
