using Xunit.Sdk;
using Xunit.v3;

// The tests of the page take turns, they share a browser; all others take turns too, beside them. Each waits for its server or its browser half of the time.
[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 2)]
[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]
